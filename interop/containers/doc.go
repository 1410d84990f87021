// Package containers holds what "toychain testnet export" writes against those whose
// words it uses: Compose's own loader, Kubernetes' own types and its pod security
// admission, BuildKit's parser of Dockerfiles. Then it runs the very command lines of
// the loaded files as processes, in the place of containers.
//
// No Docker engine and no cluster is needed, and none is asked: what only they can
// show, an image that is pulled or a volume that is mounted, is not shown here.
package containers
