#!/bin/sh
# Run the huffman kernel's paths on an emulated processor that has AVX-512 VBMI2 (Ice Lake):
#
#   tests/kernels/emulate_avx512.sh KERNEL [ROUNDS]
#
# KERNEL is a Linux image, /boot/vmlinuz-... or that of a package. Bochs boots it from a CD with one
# program, huffman_paths, and the golden files; what it says ends on the serial port. A few minutes.
# Needs (Debian): bochs bochsbios vgabios isolinux syslinux-common xorriso cpio gcc, and .venv.
set -eu
kernel=$1 rounds=${2:-100}
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
emulator=
trap 'test -z "$emulator" || kill $emulator 2>/dev/null; rm -rf "$work"' EXIT

mkdir -p "$work/disk/dev" "$work/disk/g" "$work/cd/isolinux"
cc -std=gnu11 -O2 -static "$root/tests/kernels/huffman_paths.c" "$root"/compressor/kernels/huffman_*.c \
  -o "$work/disk/huffman_paths"
cc -std=gnu11 -O2 -static "$root/tests/kernels/emulated_init.c" -o "$work/disk/init"
"$root/.venv/bin/python" - "$work/disk" "$rounds" "$root" <<'END'
import shutil, sys
from pathlib import Path
disk, rounds, root = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
sys.path.insert(0, str(root))
from tests.vectors.make_huffman import CASES
arguments = [rounds]
for name, plain in CASES.items():
    (disk / "g" / name).write_bytes(plain())
    shutil.copy(root / f"tests/vectors/huffman/{name}.packed", disk / "g")
    arguments += [f"/g/{name}", f"/g/{name}.packed"]
(disk / "arguments").write_text("\n".join(arguments) + "\n")
END
mknod "$work/disk/dev/console" c 5 1
(cd "$work/disk" && find . | cpio -o -H newc --quiet | gzip) > "$work/cd/initrd.gz"
cp "$kernel" "$work/cd/vmlinuz"
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$work/cd/isolinux"
# Bochs 2.7 describes the room of PKU and of compacted states wrongly, and Linux then turns AVX off;
# with FSGSBASE it never gets beyond its page faults.
cat > "$work/cd/isolinux/isolinux.cfg" <<'END'
DEFAULT linux
LABEL linux
 KERNEL /vmlinuz
 INITRD /initrd.gz
 APPEND console=ttyS0 nokaslr mitigations=off nopti nopku nofsgsbase noxsaves nosmap nosmep noinvpcid lsm=none idle=poll random.trust_cpu=on clearcpuid=pku,xsavec,xsaves,xgetbv1,umip,fsrm,erms,rdpid,invpcid,pcid
END
xorriso -as mkisofs -quiet -o "$work/cd.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat \
  -no-emul-boot -boot-load-size 4 -boot-info-table "$work/cd" 2>/dev/null
cat > "$work/bochsrc" <<END
megs: 256
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model=corei7_icelake_u, ips=100000000
ata0-master: type=cdrom, path=$work/cd.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$work/serial
log: $work/log
display_library: rfb, options="timeout=0"
panic: action=fatal
END

# The debugger within Bochs waits for a command: to go on.
mkfifo "$work/commands"
bochs-bin -q -f "$work/bochsrc" < "$work/commands" > "$work/out" 2>&1 &
emulator=$!
exec 3> "$work/commands"
echo c >&3
while kill -0 $emulator 2>/dev/null && ! grep -q '^ended ' "$work/serial" 2>/dev/null; do
  sleep 1
done
tr -d '\r' < "$work/serial" | sed -n '/^begun/,$p'
tr -d '\r' < "$work/serial" | grep -q '^portable ssse3 avx2 avx512 agree on'
