"""``faultd notify``: who is told of what, at a prompt."""

import typer

from faultd.cli.notify_explain import explain_notifications

app = typer.Typer(help="Notifications: who is told of what, and why.", no_args_is_help=True)


@app.callback()
def notify() -> None:
    """Notifications: who is told of what, and why."""


app.command("explain", short_help="Explain who was told of an alarm, and who was not.")(explain_notifications)
