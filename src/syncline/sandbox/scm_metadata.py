"""What the SCM's service says about itself in $metadata: its entities as the words describe them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from syncline.sandbox.scm_words import SETS, EntitySet, Lines, Property

_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
    '<Schema Namespace="com.example.scm" Alias="scm" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
)
_TAIL = "</Schema></edmx:DataServices></edmx:Edmx>"


def metadata() -> str:
    """The document, in version 4."""
    sets = "".join(f'<EntitySet Name="{one.name}" EntityType="scm.{one.type}"/>' for one in SETS.values())
    types = "".join(_types())
    return f'{_HEAD}<EntityContainer Name="Container">{sets}</EntityContainer>{types}{_TAIL}'


def _types() -> Iterator[str]:
    for one in SETS.values():
        yield _type(one.type, one.keys, one.properties, _ways(one))
        for lines in one.lines.values():
            yield _type(lines.type, [lines.number], lines.properties, "")


def _type(name: str, keys: Iterable[str], properties: Mapping[str, Property], ways: str) -> str:
    references = "".join(f'<PropertyRef Name="{key}"/>' for key in keys)
    told = "".join(_property(one, described) for one, described in properties.items())
    return f'<EntityType Name="{name}"><Key>{references}</Key>{told}{ways}</EntityType>'


def _property(name: str, described: Property) -> str:
    facets = ' Nullable="false"' if described.required else ""
    if described.length:
        facets += f' MaxLength="{described.length}"'
    if described.type == "Edm.Decimal":
        facets += f' Precision="15" Scale="{described.scale}"'
    if described.type == "Edm.DateTimeOffset":
        facets += ' Precision="3"'
    return f'<Property Name="{name}" Type="{described.type}"{facets}/>'


def _ways(described: EntitySet) -> str:
    return "".join(_way(name, lines) for name, lines in described.lines.items())


def _way(name: str, lines: Lines) -> str:
    return f'<NavigationProperty Name="{name}" Type="Collection(scm.{lines.type})" ContainsTarget="true"/>'
