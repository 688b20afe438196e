"""Asks DuckDB what an indicator of care requests asks the server: of the files of a month, how many were assessed within
three days, by region and sex. Prints the median and the slowest answer in milliseconds.

Usage: python beside.py FOLDER"""

import json
import sys
import time

import duckdb

FILE = f"{sys.argv[1]}/care-request.parquet"
QUESTION = f"""SELECT left(residence, 2) AS region, sex,
  count(*) FILTER (date_diff('day', CAST(contacted AS DATE), CAST(assessed AS DATE)) <= 3) AS numerator,
  count(*) AS denominator
FROM '{FILE}' GROUP BY ALL ORDER BY ALL"""

connection = duckdb.connect()
connection.execute("SET threads = 2")
times = []
rows = 0
for _ in range(40):
    began = time.perf_counter()
    rows = len(connection.execute(QUESTION).fetchall())
    times.append((time.perf_counter() - began) * 1000)
times.sort()
records = connection.execute(f"SELECT count(*) FROM '{FILE}'").fetchone()[0]
json.dump({"p50": times[len(times) // 2], "p99": times[-1], "rows": rows, "records": records}, sys.stdout)
