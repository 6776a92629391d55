#!/usr/bin/env bash
# Downloads from `serve` with the clients people use: tests/downloads/run.sh target/release/examples/serve [OPTION..]
#
# - curl and wget go on with a file of 64 MiB of which they have the beginning, and then with the whole one.
# - aria2c fetches it in four pieces at once.
# - wget fetches a tree by following the listings, asking for each thing once.
#
# What arrives must be what was there, byte for byte; the access log must show that only what was missing was sent.
#
# A client that is not installed is skipped; with REQUIRE_ALL=1 it is required. The tree has FOLDERS (1000) folders of
# FILES (100) files each. The options are those of `serve`, such as --backend may.
set -euo pipefail

[ $# -gt 0 ] || { echo "usage: $0 SERVE [OPTION OF SERVE ...]" >&2; exit 2; }
serve=$1
shift
folders=${FOLDERS:-1000} files=${FILES:-100}
size=$((64 << 20)) had=20000001

server='' client=''
work=$(mktemp -d)
log=$work/log

finish() {
    [ -z "$server" ] || { kill "$server" && wait "$server"; } 2> /dev/null || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
    printf '%s: %s\nthe end of the access log:\n' "$client" "$*" >&2
    tail -n 5 "$log" >&2
    exit 1
}

# Runs the client $1, to show $2, by the command that follows, in a directory of its own; says how long it took.
part() {
    client=$1
    local what=$2
    shift 2
    if ! command -v "$client" > /dev/null; then
        [ "${REQUIRE_ALL:-0}" != 1 ] || fail "not installed, and required"
        echo "$client: not installed: skipped"
        return
    fi
    local directory began=$EPOCHREALTIME
    directory=$(mktemp -d "$work/XXXXXX")
    first=$(($(wc -l < "$log") + 1))
    cd "$directory"
    "$@"
    cd "$work"
    rm -r "$directory"
    took "$client: $what: holds" "$began"
}

took() {
    awk -v what="$1" -v began="$2" -v now="$EPOCHREALTIME" 'BEGIN { printf "%s (%.1f s)\n", what, now - began }'
}

# How many answers of this part have the status $1, in whichever form the log is, and the word $2 somewhere.
answers() { tail -n "+$first" "$log" | grep -E "\" $1 |\"status\":$1[,}]" | grep -cw -- "${2:-$1}" || true; }

# An answer is logged when it has been sent, so its client may be faster: waits up to 5 s for $1 such answers or more.
logged() {
    local least=$1
    shift
    for _ in $(seq 50); do
        [ "$(answers "$@")" -lt "$least" ] || return 0
        sleep 0.1
    done
    fail "the log has $(answers "$@") answers of $*, not $least"
}

arrived() { cmp "$work/root/large.bin" large.bin || fail "what arrived is not what was there"; }

# Goes on with a download that was cut off, and then again though it is complete, by the command that is given.
resume() {
    head -c "$had" "$work/root/large.bin" > large.bin
    timeout 60 "$@" "$origin/large.bin" || fail "it cannot go on (status $?)"
    arrived
    logged 1 206 $((size - had))
    timeout 60 "$@" "$origin/large.bin" || fail "it does not see that it has everything (status $?)"
    arrived
    logged 1 416
    [ "$(answers 200)" = 0 ] || fail "the whole file was sent though only a part was missing"
}

fetch_in_pieces() {
    timeout 60 aria2c --quiet --no-conf -x4 -s4 --min-split-size=8M "$origin/large.bin" || fail "it fails (status $?)"
    arrived
    logged 3 206
}

fetch_tree() {
    timeout 600 wget --quiet -r -np -nH "$origin/tree/" || fail "it fails (status $?)"
    find tree -name index.html -delete # what it makes of the listings
    diff -r "$work/root/tree" tree || fail "what arrived is not what was there"
    local things=$((folders * (files + 1) + 1))
    logged "$things" 200 tree
    [ "$(answers 200 tree)" = "$things" ] || fail "it has fetched $(answers 200 tree) things, and there are $things"
}

plant() {
    mkdir -p "$work/root/tree"
    head -c "$size" /dev/urandom > "$work/root/large.bin"
    local folder file
    for folder in $(seq "$folders"); do
        mkdir "$work/root/tree/folder $folder"
        for file in $(seq "$files"); do
            echo "$folder, $file" > "$work/root/tree/folder $folder/$file.txt"
        done
    done
}

began=$EPOCHREALTIME
plant
took "planted" "$began"
"$serve" "$work/root" --addr 127.0.0.1:0 "$@" > "$work/out" 2> "$log" &
server=$!
for _ in $(seq 100); do
    origin=$(sed -n 's/^listening on //p' "$work/out")
    [ -z "$origin" ] || break
    kill -0 "$server" 2> /dev/null || break
    sleep 0.1
done
[ -n "$origin" ] || { client=serve; fail "it does not listen"; }

# Without --fail: with it, curl before 8.5 takes the 416 of a complete file for a failure, whatever server it is from.
part curl "goes on" resume curl --silent --show-error --continue-at - --remote-name
part wget "goes on" resume wget --quiet --continue
part aria2c "four pieces at once" fetch_in_pieces
part wget "$folders folders of $files files" fetch_tree
