cat /dev/zero >&2 &
exec tr '\0' o </dev/zero
