while True:
    bytearray(200 << 20)
