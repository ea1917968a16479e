"""How a line of the field table is written: one field of the CRM, one of another application, and a common form."""

from __future__ import annotations

from comparing import Field, Form, Key, look
from forms import text


def same(name: str, crm: str, there: str, form: Form = text, *, hub: str = "", why: str = "") -> Field:
    """A field that both write alike, but for what the form takes away."""
    return Field(name=name, crm=crm, there=there, crm_form=form, there_form=form, hub=hub, why=why)


def other(name: str, crm: str, there: str, forms: tuple[Form, Form], *, hub: str = "", why: str = "") -> Field:
    """A field that each writes in its own way."""
    return Field(name=name, crm=crm, there=there, crm_form=forms[0], there_form=forms[1], hub=hub, why=why)


def by(path: str, form: Form = text) -> Key:
    """Paired by one field."""
    return lambda row, _: form(look(row, path))
