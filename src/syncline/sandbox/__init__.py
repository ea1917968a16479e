"""Simulated business applications, strangers to Syncline, to prove it against.

They import nothing of Syncline and are run as processes of their own: `python -m syncline.sandbox crm`, `erp`, `scm`,
`warehouse`, `mes` and `products`.
"""
