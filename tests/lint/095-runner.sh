#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The runner of the tests: it counts what failed, and says which test it ended for time.
. "$(dirname "$0")/../lib/tap.sh"
cd "$top" || exit 1

script() { { echo "#!/bin/bash"; cat; } >"$scratch/$1.sh"; }
script good <<<'echo "ok 1 - fine"; echo 1..1'
script bad <<<'echo "not ok 1 - broken"; echo 1..1; exit 1'
script slow <<<'echo "ok 1 - begun"; sleep 60; echo 1..1'
script dies <<<'echo "ok 1 - begun"; exit 124'

runner() { VS2VZ_BUILD=$scratch/build/x VS2VZ_TEST_TIMEOUT=${limit:-60} run tests/run -j 1 "$@"; }

runner "$scratch/good.sh"
is "$status $(tail -n 1 "$scratch/out")" "0 1 passed, 0 failed" "one that passes"
said_not "nothing is said of time" 'time limit'
runner "$scratch/bad.sh"
is "$status $(tail -n 1 "$scratch/out")" "1 0 passed, 1 failed" "one that fails"
runner "$scratch/dies.sh"
is "$status $(tail -n 1 "$scratch/out")" "1 1 passed, 1 failed" "one that ends early has failed"
said_not "not for time, whatever its status" 'time limit'
limit=1
runner "$scratch/slow.sh" "$scratch/good.sh"
is "$status $(tail -n 1 "$scratch/out")" "1 2 passed, 1 failed" "one that takes too long has failed"
said "it is named, with its time and the limit" 'slow\.sh: ended after [0-9]+ seconds, the time limit is 1 \(VS2VZ_TEST_TIMEOUT\)'
said_not "the other one is not" 'good\.sh: ended'
run env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s help
said "make help tells the limit" '^VS2VZ_TEST_TIMEOUT=800 '
limit=$(sed -n 's/.*VS2VZ_TEST_LONG} ? \([0-9]*\) : \([0-9]*\).*/\2 \1/p' tests/run)
is "$limit" "800 36000" "which is the runner's own"
done_testing
