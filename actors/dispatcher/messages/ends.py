"""Ends: whoever was told of a subject is told of its end, whatever policies, contacts and rotas say by then."""

from collections.abc import Iterable

from actors.dispatcher.cause import DispatchSubject, ToldPerson
from actors.dispatcher.messages import groups
from actors.dispatcher.messages.quiet import contact_quiet_until
from actors.dispatcher.messages.recipient import Telling
from actors.dispatcher.messages.sending import tell_all
from actors.dispatcher.people.reach import Reached
from actors.dispatcher.run import DispatchRun
from protocols.dispatch.channel import Channel
