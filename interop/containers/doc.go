// Package containers holds what "toychain testnet export" writes against those whose
// words it uses: Compose's own loader, Kubernetes' own types and its pod security
// admission, BuildKit's parser of Dockerfiles. Then it runs the very command lines of
// the loaded files as processes, in the place of containers.
//
// Two tests need Linux, root and programs that .ci/run installs, and are skipped without them. One
// types the commands of docs/beyond.md on a Docker engine of its own, the other drops all packets
// between two network namespaces. No cluster is needed, and none is asked.
package containers
