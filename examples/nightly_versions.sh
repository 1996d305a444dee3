#!/usr/bin/env bash
# Keep the last week of a folder in one archive, a version a night; from cron:
#   15 2 * * *  nightly_versions.sh /data/run /backup/run.cz
# The first night makes the archive. What did not change costs some hundred bytes a night.
set -u
folder=${1:?usage: nightly_versions.sh FOLDER ARCHIVE [VERSIONS]}
archive=${2:?usage: nightly_versions.sh FOLDER ARCHIVE [VERSIONS]}
keep=${3:-7}
above=$(dirname "$folder") name=$(basename "$folder") label=$(date +%F)

# A disk that is not mounted leaves an empty folder behind, and an append would take that for the new state.
[ -n "$(ls -A "$folder")" ] || { echo "$folder is missing or empty; nothing was done" >&2; exit 1; }

# -C, so that members have the same names whatever is above the folder.
if [ -e "$archive" ]; then
    compressor append "$archive" -C "$above" "$name" --label "$label" --exclude '*.tmp' --no-cache
else
    compressor compress -o "$archive" -C "$above" "$name" --label "$label" --exclude '*.tmp' --no-cache --sync
fi
code=$?
case $code in
    0) ;;
    3) echo "some files are not as they were; they are named above" >&2 ;;
    *) exit "$code" ;;
esac

# Nothing is a backup before it was read. test says nothing of sound archives.
compressor test "$archive" || exit

# Rewriting costs a copy of the archive, so only when twice as many versions have gathered.
count=$(compressor versions "$archive" | wc -l)
if [ "$count" -ge $((2 * keep)) ]; then
    compressor prune "$archive" --keep-last "$keep" || exit
fi
exit "$code"
