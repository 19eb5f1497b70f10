#!/usr/bin/env python3
"""What 100 derived models of 10 fields cost the compiler, beside what serde's own derives of the same structs cost.

    python3 tests/benches/compile_cost.py [--rounds 7]

Checks three forms of one crate in turns: the structs alone, with serde's derives, with `CacheModel` beside these. What is
counted is the processor time of `cargo check` of that crate alone; the median of the differences in each round is told. It fails
if `CacheModel` costs more than serde's derives.
"""

import argparse
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys

MODELS, ROOT = 100, pathlib.Path(__file__).resolve().parents[2]
CARGO = os.environ.get("CARGO", "cargo").split()
FIELDS = [
    ("#[index]", "email", "String"),
    ("#[index(sortable)]", "age", "i64"),
    ("#[index(text)]", "bio", "String"),
    ("#[index]", "active", "bool"),
    ("#[index]", "score", "Option<f64>"),
    ("#[index]", "tags", "Vec<String>"),
    ("", "note", "Option<String>"),
    ("", "visits", "u64"),
    ("", "parts", "Vec<u32>"),
]
FORMS = {
    "plain": "",
    "serde": "#[derive(serde::Serialize, serde::Deserialize)]",
    "model": "#[derive(serde::Serialize, serde::Deserialize, cache_core::CacheModel)]",
}


def source(form):
    model = form == "model"
    lines = ["#![allow(dead_code)]", ""]
    for number in range(MODELS):
        lines += [FORMS[form], f"pub struct Model{number} {{"]
        lines += ["    #[primary_key]"] * model + ["    pub id: u64,"]
        for attribute, name, kind in FIELDS:
            lines += [f"    {attribute}"] * (model and bool(attribute)) + [f"    pub {name}: {kind},"]
        lines += ["}", ""]
    return "\n".join(lines)


def check(folder, text):
    (folder / "src/lib.rs").write_text(text)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = dict(os.environ, CARGO_INCREMENTAL="0")
    run = subprocess.run(CARGO + ["check", "--quiet", "--offline"], cwd=folder, env=environment)
    if run.returncode:
        sys.exit("the crate does not compile")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=7)
    rounds = options.parse_args().rounds
    target = os.environ.get("CARGO_TARGET_DIR", ROOT / "target")
    folder = pathlib.Path(target) / "tmp" / "compile_cost"
    (folder / "src").mkdir(parents=True, exist_ok=True)
    manifest = f'''[package]
name = "compile-cost"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
cache-core = {{ path = "{ROOT / "cache-core"}" }}
serde = {{ version = "1", features = ["derive"] }}
'''
    (folder / "Cargo.toml").write_text(manifest)
    shutil.copy(ROOT / "Cargo.lock", folder / "Cargo.lock")
    texts = {form: source(form) for form in FORMS}
    # What it depends on is compiled first.
    check(folder, texts["plain"])
    serde, model = [], []
    for number in range(rounds):
        # Another text in each round, so that nothing is taken from the one before.
        took = {form: check(folder, f"{text}\n// round {number}\n") for form, text in texts.items()}
        serde.append(took["serde"] - took["plain"])
        model.append(took["model"] - took["serde"])
        print(", ".join(f"{form} {seconds:.2f} s" for form, seconds in took.items()), flush=True)
    ratio = statistics.median(one / other for one, other in zip(model, serde))
    print(
        f"figures: models {MODELS}, fields 10, serde's derives {statistics.median(serde):.2f} s, "
        f"CacheModel {statistics.median(model):.2f} s, ratio {ratio:.2f}"
    )
    sys.exit(ratio > 1)


main()
