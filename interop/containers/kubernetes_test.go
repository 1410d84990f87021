package containers

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	k8sjson "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// manifests are the objects of one export.
type manifests struct {
	namespace *corev1.Namespace
	policy    *networkingv1.NetworkPolicy
	configs   map[string]*corev1.ConfigMap
	services  map[string]*corev1.Service
	secrets   map[string]*corev1.Secret
	sets      []*appsv1.StatefulSet
}

// Kubernetes' own types take every field, each pod keeps to the "restricted" standard,
// and two of them on a network of their own can be cut and healed.
func testKubernetes(t *testing.T, file string) {
	dir := filepath.Join(t.TempDir(), "net")
	params := filepath.Join(t.TempDir(), "own.toml")
	must(t, file, "network", "new", "--limit", "207fffff", "--window", "0", "--spacing", "1s", "--maturity", "1", "-o", params)
	must(t, file, "testnet", "export", "kubernetes", "2", "-o", dir, "--network", params)
	m := loadManifests(t, filepath.Join(dir, "manifests"))
	if len(m.sets) != 2 || len(m.services) != 2 || len(m.secrets) != 2 {
		t.Fatalf("%d sets, %d services, %d secrets", len(m.sets), len(m.services), len(m.secrets))
	}
	checkPolicy(t, m)
	var all []*container
	for _, set := range m.sets {
		checkSet(t, m, set)
		all = append(all, podContainer(t, m, set))
	}
	play(t, file, dir, "own", 18601, all)
}

// loadManifests decodes each document strictly: a field that there is not, or that
// stands there twice, is an error.
func loadManifests(t *testing.T, dir string) *manifests {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme, networkingv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := k8sjson.NewSerializerWithOptions(k8sjson.DefaultMetaFactory, scheme, scheme, k8sjson.SerializerOptions{Yaml: true, Strict: true})
	m := &manifests{configs: map[string]*corev1.ConfigMap{}, services: map[string]*corev1.Service{}, secrets: map[string]*corev1.Secret{}}
	for _, name := range []string{"network.yaml", "secrets.yaml"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
		for {
			document, err := documents.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(bytes.TrimSpace(document)) == 0 || bytes.HasPrefix(document, []byte("#")) && !bytes.Contains(document, []byte("\nkind:")) {
				continue // only comments
			}
			object, _, err := decoder.Decode(document, nil, nil)
			if err != nil {
				t.Fatalf("%s: %v\n%s", name, err, document)
			}
			m.add(t, object)
		}
	}
	return m
}

// add sorts an object in, and looks at its name.
func (m *manifests) add(t *testing.T, object runtime.Object) {
	t.Helper()
	about, err := meta.Accessor(object)
	if err != nil {
		t.Fatal(err)
	}
	if bad := validation.IsDNS1123Label(about.GetName()); len(bad) > 0 {
		t.Errorf("name %q: %v", about.GetName(), bad)
	}
	checkLabels(t, about.GetLabels())
	switch o := object.(type) {
	case *corev1.Namespace:
		m.namespace = o
		return
	case *networkingv1.NetworkPolicy:
		m.policy = o
	case *corev1.ConfigMap:
		m.configs[o.Name] = o
	case *corev1.Service:
		m.services[o.Name] = o
	case *corev1.Secret:
		m.secrets[o.Name] = o
	case *appsv1.StatefulSet:
		m.sets = append(m.sets, o)
	default:
		t.Errorf("an object of a kind that nobody expects: %T", object)
	}
	if m.namespace == nil || about.GetNamespace() != m.namespace.Name {
		t.Errorf("%s is in the namespace %q, or that comes later", about.GetName(), about.GetNamespace())
	}
}

func checkLabels(t *testing.T, all map[string]string) {
	t.Helper()
	for k, v := range all {
		if bad := append(validation.IsQualifiedName(k), validation.IsValidLabelValue(v)...); len(bad) > 0 {
			t.Errorf("label %s=%s: %v", k, v, bad)
		}
	}
}

// checkPolicy: only nodes call nodes, and the policy means them.
func checkPolicy(t *testing.T, m *manifests) {
	t.Helper()
	p := m.policy.Spec
	if len(p.PolicyTypes) != 2 || len(p.Ingress) != 1 || len(p.Ingress[0].Ports) != 1 || p.Ingress[0].Ports[0].Port.IntValue() != 4001 {
		t.Fatalf("policy %+v", p)
	}
	for _, s := range []*metav1.LabelSelector{&p.PodSelector, p.Ingress[0].From[0].PodSelector} {
		for _, set := range m.sets {
			if !selects(t, s, set.Spec.Template.Labels) {
				t.Errorf("the policy's %v does not mean the pods of %s", s, set.Name)
			}
		}
		if selects(t, s, map[string]string{"app": "stranger"}) {
			t.Errorf("the policy's %v means a stranger", s)
		}
	}
	if m.namespace.Labels["pod-security.kubernetes.io/enforce"] != string(api.LevelRestricted) {
		t.Errorf("the namespace's labels are %v", m.namespace.Labels)
	}
}

func selects(t *testing.T, s *metav1.LabelSelector, of map[string]string) bool {
	t.Helper()
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		t.Fatal(err)
	}
	return selector.Matches(labels.Set(of))
}

// checkSet holds a set against what export promises of each container, and against the
// service and secret that belong to it.
func checkSet(t *testing.T, m *manifests, set *appsv1.StatefulSet) {
	t.Helper()
	pod := set.Spec.Template
	checkLabels(t, pod.Labels)
	judge, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	if verdict := policy.AggregateCheckResults(judge.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec)); !verdict.Allowed {
		t.Errorf("%s: pod security admission: %s", set.Name, verdict.ForbiddenDetail())
	}
	service := m.services[set.Spec.ServiceName]
	if service == nil || service.Spec.ClusterIP != corev1.ClusterIPNone || !service.Spec.PublishNotReadyAddresses ||
		!labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(pod.Labels)) || !selects(t, set.Spec.Selector, pod.Labels) {
		t.Errorf("%s: its service is %+v", set.Name, service)
	}
	if len(pod.Spec.Containers) != 1 || *set.Spec.Replicas != 1 || *pod.Spec.AutomountServiceAccountToken || *pod.Spec.EnableServiceLinks {
		t.Fatalf("%s: %+v", set.Name, pod.Spec)
	}
	c := pod.Spec.Containers[0]
	if c.SecurityContext == nil || !*c.SecurityContext.ReadOnlyRootFilesystem {
		t.Errorf("%s can write to its file system", set.Name)
	}
	if c.Resources.Limits.Memory().Value() != 128<<20 || c.Resources.Requests.Memory().Value() > 128<<20 || c.Resources.Limits.Cpu().Value() != 1 {
		t.Errorf("%s: resources %+v", set.Name, c.Resources)
	}
	for what, probe := range map[string]*corev1.Probe{"startup": c.StartupProbe, "readiness": c.ReadinessProbe, "liveness": c.LivenessProbe} {
		if probe == nil || probe.Exec == nil || probe.Exec.Command[0] != program || probe.TimeoutSeconds < 5 {
			t.Errorf("%s: %s probe %+v", set.Name, what, probe)
		}
	}
	if claims := set.Spec.VolumeClaimTemplates; len(claims) != 1 || claims[0].Name != "data" || claims[0].Spec.Resources.Requests.Storage().IsZero() {
		t.Errorf("%s: volume claims %+v", set.Name, claims)
	}
}

// podContainer is what stands for a pod here.
func podContainer(t *testing.T, m *manifests, set *appsv1.StatefulSet) *container {
	t.Helper()
	in := set.Spec.Template.Spec.Containers[0]
	user := int(*set.Spec.Template.Spec.SecurityContext.RunAsUser)
	c := &container{name: set.Name, args: in.Args, env: map[string]string{}, health: in.ReadinessProbe.Exec.Command,
		user: user, mounts: map[string]string{}, memory: in.Resources.Limits.Memory().Value()}
	for _, e := range in.Env {
		c.env[e.Name] = e.Value
	}
	for _, from := range in.EnvFrom {
		for k, v := range m.secrets[from.SecretRef.Name].StringData {
			c.env[k] = v
		}
	}
	for _, mount := range in.VolumeMounts {
		c.mounts[mount.MountPath] = volume(t, user)
		if config := m.configs[mount.Name]; config != nil {
			for name, text := range config.Data {
				if err := os.WriteFile(filepath.Join(c.mounts[mount.MountPath], name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return c
}
