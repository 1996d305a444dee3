#!/usr/bin/env bash
# Move a folder through a pipe, as to another machine, and look at what came.
#   pipe.sh FOLDER TARGET [COMMAND...]     such as: pipe.sh run /backup ssh host
set -euo pipefail
folder=${1:?usage: pipe.sh FOLDER TARGET [COMMAND...]}
target=${2:?usage: pipe.sh FOLDER TARGET [COMMAND...]}
shift 2
away=("${@:-env}") # without a command: on this machine

# tar keeps names and modes; compressor packs the stream as it comes and never seeks.
tar --create --directory "$folder" . | compressor |
    "${away[@]}" tee "$target/folder.tar.cz" >/dev/null

# Back again: checked to the last bit, then what is in it.
"${away[@]}" cat "$target/folder.tar.cz" | compressor test
"${away[@]}" cat "$target/folder.tar.cz" | compressor -d | tar --list
