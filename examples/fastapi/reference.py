"""Prints what the model saw when it was trained, as a log: `python reference.py > reference.jsonl`."""

import json
import random

from app import Ride, minutes

RIDES = 2000
ZONES = ("centre", "north", "south", "airport")


def main() -> None:
    """Print the rides, with what the model says and what the taximeter said."""
    rng = random.Random(1)  # noqa: S311 - a sample, not a secret
    for number in range(RIDES):
        ride = Ride(kilometres=round(rng.gammavariate(2, 3), 1), passengers=rng.randint(1, 4), zone=rng.choice(ZONES))
        predicted = minutes(ride)
        took = round(predicted * rng.gauss(1, 0.1), 1)
        record = {"id": f"ride-{number}", "input": ride.model_dump()}
        print(json.dumps(record | {"output": {"minutes": predicted}, "actual": {"minutes": took}}))  # noqa: T201


if __name__ == "__main__":
    main()
