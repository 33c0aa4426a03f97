while :; do
    head -c 200000000 /dev/zero > "$TMPDIR/x"
    rm "$TMPDIR/x"
done
