"""The agreed entities as tables that can be asked: in DuckDB beside the store, or in whatever else Ibis speaks to.

`schema` says which tables there are, `refresh` brings them up to the store's moment, `facts` are the expressions that
every analysis begins with, `files` read and write CSV and Parquet, `doubt` says how far the data disagree just now.
"""
