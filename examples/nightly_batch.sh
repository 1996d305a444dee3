#!/usr/bin/env bash
# Pack each new file of a folder into another, every night; from cron:
#   15 2 * * *  nightly_batch.sh /data/runs /backup/runs
# Run it again as often as you like: what is packed already is skipped.
set -u
source_dir=${1:?usage: nightly_batch.sh SOURCE TARGET}
target_dir=${2:?usage: nightly_batch.sh SOURCE TARGET}

# NUL between names, because a name may hold anything else. A file that changed within the last
# five minutes may still be written: tomorrow will do.
find "$source_dir" -maxdepth 1 -type f ! -name '*.cz' -mmin +5 -print0 |
    compressor compress --files-from - -0 --output-dir "$target_dir" --skip-existing --sync -q
code=$?

case $code in
    0) ;;
    3) echo "some files could not be packed; they are named above" >&2 ;;
    *) echo "packing failed with exit code $code" >&2; exit "$code" ;;
esac

# Nothing is a backup before it was read. test says nothing of sound archives.
find "$target_dir" -maxdepth 1 -name '*.cz' -print0 | xargs -0 -r compressor test || exit 4
exit "$code"
