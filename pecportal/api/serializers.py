"""What goes in and out: explicit fields, nothing undeclared, no value of another type taken for the right one."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any, ClassVar

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from pecportal.api.cursors import MOST, USUAL


class Moment(serializers.DateTimeField):
    """An instant: ISO 8601 in UTC with `Z`. One without a time zone is refused."""

    default_error_messages: ClassVar = {"zone": gettext_lazy("Name the time zone, as in 2026-03-31T08:00:00Z.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)

    def enforce_timezone(self, value: Any) -> Any:
        """Refuse what names none when it comes in; all that goes out has one."""
        if value.tzinfo is None:
            self.fail("zone")
        return super().enforce_timezone(value)


class Strict(serializers.Serializer[Any]):
    """The base of all bodies, queries and answers."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Times are `Moment`s, everywhere."""
        super().__init_subclass__(**kwargs)
        wrong = [name for name, field in cls._declared_fields.items() if type(field) is serializers.DateTimeField]
        if wrong:
            raise TypeError(f"{cls.__name__}: {wrong} must be a Moment.")

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """What was sent. Raises `ValidationError` for keys that nobody knows, and values of another JSON type."""
        if isinstance(data, Mapping):
            wrong: dict[str, Any] = {
                str(name): [ErrorDetail(_("This is not known here."), code="unknown")]
                for name in data
                if name not in self.fields or self.fields[name].read_only
            }
            if not isinstance(data, QueryDict) and not self.context.get("is_text"):
                wrong |= {name: found for name, value in data.items() if (found := self._of_other_type(name, value))}
            if wrong:
                raise serializers.ValidationError(wrong)
        value: dict[str, Any] = super().to_internal_value(data)
        return value

    def only(self, names: frozenset[str]) -> None:
        """Leave all other fields out of what is told."""
        for name in set(self.fields.keys()) - names:
            self.fields.pop(name)

    def _of_other_type(self, name: object, value: Any) -> list[ErrorDetail] | dict[int, Any]:
        field = self.fields.get(str(name))
        if field is None or value is None:
            return []
        if isinstance(field, serializers.ListField) and isinstance(value, list) and field.child is not None:
            told = {n: words for n, each in enumerate(value) if (words := _other(field.child, each))}
            return told or []
        return _other(field, value)


class Query(Strict):
    """The base of what an address takes behind its `?`."""


class Paging(Query):
    """What every list takes."""

    cursor = serializers.CharField(
        required=False, allow_blank=True, max_length=1000, help_text="`next` of the page before. Without it: the first."
    )
    limit = serializers.IntegerField(
        required=False, default=USUAL, min_value=1, max_value=MOST, help_text="How many items at most."
    )


def _other(field: Any, value: Any) -> list[ErrorDetail]:
    """Whether JSON gave a value of another type than the field's: texts are no numbers, and "true" is not true."""
    if isinstance(field, serializers.BooleanField):
        is_good, words = isinstance(value, bool), _("This must be true or false.")
    elif isinstance(field, serializers.IntegerField):
        is_good, words = isinstance(value, int) and not isinstance(value, bool), _("This must be a whole number.")
    elif isinstance(field, serializers.CharField | serializers.ChoiceField | serializers.UUIDField | Moment):
        is_good, words = isinstance(value, str), _("This must be a text.")
    else:
        return []
    return [] if value is None or is_good else [ErrorDetail(words, code="type")]
