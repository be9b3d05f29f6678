"""What a rule of ours says when it says no."""

from django.utils.functional import Promise


class Refusal(Exception):
    """A rule said no; `sentence` tells the user why and what to do, `field` names the form field it concerns."""

    def __init__(self, sentence: str | Promise, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field

    def __str__(self) -> str:
        return str(self.sentence)
