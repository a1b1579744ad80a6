#!/bin/sh
# All cases of grpc-go's interop client that upstream itself runs (interop_test.sh
# of the version pinned in go.mod). Not among them: those that need accounts of
# Google's cloud, and pick_first_unary, which needs a server that tells its name
# (grpc-go's xDS server only).
#
# Usage: cases.sh CLIENT [FLAG...]. Tells one JSON object per case.
client=$1
shift
count=0
tell() {
    printf '{"check": "%s", "ok": %s, "saw": "%s"}\n' "$1" "$2" "$3"
    count=$((count + 1))
}
for case in \
    empty_unary large_unary client_streaming server_streaming ping_pong \
    empty_stream timeout_on_sleeping_server cancel_after_begin \
    cancel_after_first_response status_code_and_message \
    special_status_message custom_metadata unimplemented_method \
    unimplemented_service orca_per_rpc orca_oob rpc_soak channel_soak; do
    if said=$(timeout 30 "$client" "$@" -test_case "$case" -soak_iterations 50 \
        -service_config_json \
        '{"loadBalancingConfig": [{"test_backend_metrics_load_balancer": {}}]}' 2>&1); then
        tell "$case" true ""
    else
        tell "$case" false "exit code $?, see the log"
        printf '%s: %s\n' "$case" "$said" >&2
    fi
done
printf '{"done": %s}\n' "$count"
