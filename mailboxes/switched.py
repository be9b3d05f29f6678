"""Whether operators have switched the sending from a mailbox off."""

from mailboxes.models import Mailbox
from pecportal import vendor
from pecportal.operation import switches
from pecportal.operation.models import Scope, Switch
from pecportal.operation.switches import Off


def off(mailbox: Mailbox, present: Off | None = None) -> Switch | None:
    """The widest switch that keeps a mailbox from sending; `present` are the switches, where they are known."""
    present = present or switches.now()
    if whole := present.of(Scope.ALL):
        return whole
    if present.has(Scope.ACCOUNT):
        account = vendor.account_of(mailbox)
        if found := present.of(Scope.ACCOUNT, account.pk if account else 0):
            return found
    return present.of(Scope.MAILBOX, mailbox.pk)
