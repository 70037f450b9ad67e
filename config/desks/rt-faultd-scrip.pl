# A scrip of Request Tracker 5 that tells faultd of each change of a ticket, by faultd's webhook for desks.
#
# 1. Put rt-faultd-webhook.pl where the web server's account can run it, and the secret of faultd's `[ticketer]
#    webhook_secret_file` into a file that this account alone can read.
# 2. Into RT_SiteConfig.pm:
#        Set(@FaultdWebhook, '/usr/local/lib/rt-faultd-webhook.pl',
#            'https://faultd.example.net/api/v1/faults/tickets/webhook', '/etc/request-tracker5/faultd-webhook-secret');
# 3. rt-setup-database --action insert --datafile rt-faultd-scrip.pl     (once)
# 4. Restart the web server.
@Scrips = (
    {   Description       => 'faultd: each change of a ticket',
        Queue             => 0,
        ScripCondition    => 'On Transaction',
        ScripAction       => 'User Defined',
        Template          => 'Blank',
        CustomPrepareCode => 'return 1;',
        CustomCommitCode  => <<'CODE',
my ( $program, $url, $secret_file ) = RT->Config->Get('FaultdWebhook');
return 1 unless $program;
# Of a merge: both tickets.
my %keys = map { $_ => 1 } grep { $_ && /^\d+\z/ } ( $self->TransactionObj->ObjectId, $self->TicketObj->id );
for my $key ( keys %keys ) {
    my $words = join ' ', map { s/'/'\\''/gr =~ s/^|\z/'/gr } ( $program, $url, $secret_file, $key );
    # A program of its own: it outlives the request, and holds nobody up.
    system "$words </dev/null >/dev/null 2>&1 &";
}
return 1;
CODE
    },
);
1;
