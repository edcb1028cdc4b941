timeout 300 go test -run TestChaos ./internal/cluster/clustertest -v "$@" 2>&1 | cut -c1-900 > /tmp/log/chaos.txt; grep -v "^        [0-9]" /tmp/log/chaos.txt| tail -60
