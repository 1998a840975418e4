"""Prices usages by the Python package genai-prices, which calculates in decimals.

The first argument is a file of its data. Each line of the input is a case; each line of the output is its price in
dollars, or `unknown`.
"""

import json
import sys
from datetime import datetime, timezone
from decimal import Decimal

from genai_prices import Usage, types
from genai_prices.data_snapshot import DataSnapshot

with open(sys.argv[1], encoding="utf-8") as file:
    # As Decimal, so that the prices are what is written.
    raw = json.load(file, parse_float=Decimal)
snapshot = DataSnapshot(providers=types._providers_from_raw(raw), from_auto_update=False)

for line in sys.stdin:
    case = json.loads(line, parse_float=Decimal)
    try:
        price = snapshot.calc(
            Usage(**case["usage"]),
            case["model"],
            case["provider"],
            None,
            datetime.fromtimestamp(case["at"], tz=timezone.utc),
            case["context"],
        )
    except LookupError:
        print("unknown")
    else:
        print(price.total_price)
