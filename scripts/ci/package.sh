#!/usr/bin/env bash
# Packs a built monitor with what belongs to its platform. Called by .github/workflows/release.yml.
#
# usage: package.sh TARGET
#
# Takes target/TARGET/release/monitor and makes target/dist/monitor-TARGET.tar.gz, for Windows a .zip, with
# one folder `monitor-TARGET` inside.
set -euo pipefail
cd "$(dirname "$0")/../.."

target=$1
name="monitor-$target"
dist="target/dist"
folder="$dist/$name"
rm -rf "$folder"
mkdir -p "$folder"
cp -R README.md CHANGELOG.md docs .env.example "$folder"
case "$target" in
    *-windows-*)
        cp "target/$target/release/monitor.exe" scripts/setup_windows.ps1 scripts/setup_scheduler.ps1 \
            scripts/run_monitor.bat "$folder"
        rm -f "$dist/$name.zip"
        (cd "$dist" && 7z a -bso0 "$name.zip" "$name")
        ;;
    *)
        cp "target/$target/release/monitor" "$folder"
        if [[ $target == *-linux-* ]]; then
            cp -R scripts/install.sh scripts/systemd "$folder"
        fi
        tar -czf "$dist/$name.tar.gz" -C "$dist" "$name"
        ;;
esac
rm -rf "$folder"
