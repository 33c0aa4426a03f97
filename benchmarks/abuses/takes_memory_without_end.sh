while :; do
    python3 -c 'kept = [bytearray(1 << 20) for _ in iter(int, 1)]'
done
