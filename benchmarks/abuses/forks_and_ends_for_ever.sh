while :; do (:); done
