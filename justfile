# `just` lists these. `just check` runs what CI runs.

default:
    @just --list

# Every check of CI, in its order
check: format-check lint docs schema-check house test fuzz demo clean-tree test-contract

# Every test, against a PostgreSQL that the tests start themselves
test:
    cargo test --workspace --locked

# One suite over the port, for the memory store, the server adapter and the worker adapter
test-contract:
    cargo nextest run --package ledger-tests --test contract --no-fail-fast --locked

# The dependency arrows and the house's habits
house:
    cargo test --package ledger-tests --test architecture --locked

# Rewrite the sources as rustfmt has them
format:
    cargo fmt --all

format-check:
    cargo fmt --all --check

lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# The schema that the migrations make (needs diesel_cli)
_print-schema:
    mkdir -p target
    cargo run --quiet --locked --package ledger-testkit --bin with-test-database -- diesel print-schema > target/schema.rs

# Regenerate crates/ledger-schema/src/schema.rs from the migrations (needs diesel_cli)
schema: _print-schema
    cp target/schema.rs crates/ledger-schema/src/schema.rs

# Fail when the generated schema is not what the migrations make
schema-check: _print-schema
    diff target/schema.rs crates/ledger-schema/src/schema.rs

# Fuzz every parser of what others wrote, each for so many seconds (needs cargo-fuzz, not nightly)
fuzz seconds="10":
    #!/usr/bin/env bash
    set -euo pipefail
    # No sanitizer: those need nightly, and there is no unsafe code of ours.
    fuzz() { cargo fuzz "$1" --sanitizer none --target-dir target/fuzz "${@:2}"; }
    fuzz build
    for target in $(cargo fuzz list); do
        corpus=target/fuzz-corpus/$target seeds=fuzz/seeds/$target
        mkdir -p "$corpus" "$seeds"
        fuzz run "$target" "$corpus" "$seeds" -- -max_total_time={{seconds}} -timeout=10 -rss_limit_mb=512 \
            > "$corpus.log" 2>&1 || { cat "$corpus.log"; exit 1; }
        echo "$target: $(grep '^Done ' "$corpus.log")"
    done

# The story, on this repository's own history
demo *ARGUMENTS:
    cargo run --release --locked -- demo {{ARGUMENTS}}

# Fail when a check has left something behind
clean-tree:
    test -z "$(git status --porcelain)" || { git status --short; exit 1; }
