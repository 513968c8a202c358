# The last pod stays for the retention period after the revision was found inactive.
annotation scale-to-zero-pod-retention-period 45s
annotation window 6s
pods start 20ms
start initialized phase=Idle
poke 1
load 1 for 1s
wait 3m
