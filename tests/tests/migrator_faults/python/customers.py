"""A service that uses redis-om: `customers.py make|read|find|add|change URL GLOBAL_PREFIX COUNT`."""

import datetime
import sys
from typing import List, Optional

from redis_om import EmbeddedJsonModel, Field, JsonModel, Migrator, get_redis_connection

verb, url, prefix, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])


class Address(EmbeddedJsonModel, index=True):
    city: str = Field(index=True)
    street: str


class Customer(JsonModel, index=True):
    name: str = Field(index=True)
    age: int = Field(index=True, sortable=True)
    active: bool = Field(index=True)
    tags: List[str] = Field(index=True)
    joined: datetime.datetime = Field(index=True)
    bio: str = Field(index=True, full_text_search=True)
    address: Address
    # The next release of the service finds customers by their notes too.
    note: Optional[str] = Field(index=True, default=None) if verb == "change" else None

    class Meta:
        database = get_redis_connection(url=url, decode_responses=True)
        global_key_prefix = prefix
        model_key_prefix = "customer"


def customer(n):
    joined = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=n)
    return Customer(
        pk=f"c{n}",
        name=f"Ann|{n}",
        age=n % 90,
        active=n % 2 == 0,
        tags=["all", f"t{n % 5}"],
        joined=joined,
        bio="likes rust, and redis",
        address=Address(city="Bern", street=f"Gasse {n}"),
        note=None if n % 3 else "a \"note\"\n",
    )


if verb == "make":
    Migrator().run()
    for n in range(count):
        customer(n).save()
elif verb == "read":
    for n in range(count):
        read, wanted = Customer.get(f"c{n}"), customer(n)
        wanted.address.pk = read.address.pk
        assert read == wanted, f"{read!r} is not {wanted!r}"
elif verb == "find":
    found = Customer.find(Customer.age >= 0).count()
    assert found == count, f"redis-om finds {found} of {count}"
elif verb == "change":
    Migrator().run()
elif verb == "add":
    customer(count).save()
print(f"{verb} done")
