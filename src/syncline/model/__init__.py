"""Frozen nouns of the glossary: values, flows, contracts, pages, state, events."""
