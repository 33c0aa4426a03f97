trap '' TERM HUP INT QUIT
while :; do sleep 0.01; done
