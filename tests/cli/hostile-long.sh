#!/bin/sh
# The hostile images that take seconds each: bombs.
exec tests/cli/hostile.sh --slow
