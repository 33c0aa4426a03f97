cd "$TMPDIR"
while :; do
    seq 2000 | xargs touch
    seq 2000 | xargs rm
done
