"""Rows move only where their table allows it."""

import pytest

from campaigns.states import CampaignState, MessageState
from mailboxes.states import MailboxState
from pecportal.statemachine import State, moves


@pytest.mark.parametrize("states", [CampaignState, MessageState, MailboxState])
def test_every_state_can_be_reached_from_the_first(states: type[State]) -> None:
    reached, todo = set(), [next(iter(states))]
    while todo:
        state = todo.pop()
        if state not in reached:
            reached.add(state)
            todo += state.successors
    assert reached == set(states)


def test_an_uncertain_message_never_goes_back_to_sending_by_a_single_move() -> None:
    assert MessageState.SENDING not in MessageState.UNCERTAIN.successors
    assert MessageState.SUBMITTED.successors == {MessageState.UNCERTAIN}  # when a person takes back a link


@pytest.mark.parametrize("state", [MessageState.FAILED, MessageState.CANCELLED])
def test_only_a_receipt_moves_what_was_given_up(state: MessageState) -> None:
    assert state.successors == {MessageState.SUBMITTED}


def test_a_table_with_an_unknown_state_is_refused() -> None:
    with pytest.raises(ValueError, match="nowhere"):

        @moves({"here": ("nowhere",)})
        class Lost(State):
            HERE = "here"
