"""The calls of a service that uses redis-om: `items.py URL GLOBAL_PREFIX DOCUMENTS PARTS BULK`.

Reads `VERB CALLERS CALLS` from each line, and answers the seconds that these calls took.
"""

import asyncio
import sys
import time
from typing import List

from aredis_om import EmbeddedJsonModel, Field, JsonModel, Migrator, get_redis_connection

url, prefix, documents, parts, bulk = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
colors = ["amber", "black", "coral", "denim", "ebony", "fawn", "gold", "hazel"]
on_a_shelf, page = 20, 50


class Part(EmbeddedJsonModel):
    name: str
    count: int
    weight: float


class Item(JsonModel, index=True):
    shelf: str = Field(index=True)
    color: str = Field(index=True)
    price: int = Field(index=True, sortable=True)
    title: str = Field(index=True, full_text_search=True)
    visits: int
    note: str
    parts: List[Part]

    class Meta:
        database = get_redis_connection(url=url, decode_responses=True, socket_timeout=60)
        global_key_prefix = prefix
        model_key_prefix = "item"


def item(n):
    return Item(
        pk=str(n),
        shelf=f"shelf-{n // on_a_shelf}",
        color=colors[n % len(colors)],
        price=n,
        title=f"an item word{n // on_a_shelf} that somebody looks for",
        visits=0,
        note=f'what is said about item {n}, "quoted", and as long as such notes are where somebody has looked closely at it; ' * (1 if parts == 1 else 2),
        parts=[
            Part(name=f"part {number} of {n}", count=number % 7, weight=(n % 100) * 0.25 + number / 10)
            for number in range(parts)
        ],
    )


def place(n):
    return (n * 0x9E3779B97F4A7C15 % 2**64 >> 16) % documents


async def save(n):
    await items[n % len(items)].save()


async def save_ttl(n):
    await items[n % len(items)].save()
    await items[n % len(items)].expire(3600)


async def get(n):
    assert (await Item.get(str(place(n)))).price == place(n)


async def save_many(n):
    await Item.add(items)


async def tag(n):
    found = await Item.find(Item.shelf == f"shelf-{place(n) // on_a_shelf}").all()
    assert len(found) == on_a_shelf, found


async def page_(n):
    lowest = place(n) % (documents - 2 * page)
    found = await Item.find(Item.price >= lowest).sort_by("price").copy(offset=page, limit=page).execute(exhaust_results=False)
    assert len(found) == page, len(found)


async def text(n):
    found = await Item.find(Item.title % f"word{place(n) // on_a_shelf}").all()
    assert len(found) == on_a_shelf, found


async def count(n):
    quarter = documents // 4
    lowest = place(n) % (documents - quarter)
    assert await Item.find((Item.price >= lowest) & (Item.price < lowest + quarter)).count() == quarter


async def patch(n):
    await (await Item.get(str(place(n)))).update(visits=n)


async def caller(call, numbers):
    for n in numbers:
        await call(n)


async def main():
    global items
    await Migrator().run()
    for first in range(0, documents, 500):
        await Item.add([item(n) for n in range(first, min(first + 500, documents))])
    items = [item(n) for n in range(min(bulk, documents))]
    print("ready", flush=True)
    verbs = {f.__name__.rstrip("_"): f for f in (save, save_ttl, get, save_many, tag, page_, text, count, patch)}
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        verb, callers, calls = line.split()
        numbers = iter(range(int(calls)))
        began = time.perf_counter()
        await asyncio.gather(*(caller(verbs[verb], numbers) for _ in range(int(callers))))
        print(time.perf_counter() - began, flush=True)


asyncio.run(main())
