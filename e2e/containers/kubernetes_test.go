package containers

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// A manifest is what the file has, each kind once.
type manifest struct {
	config     *core.ConfigMap
	secret     *core.Secret
	claim      *core.PersistentVolumeClaim
	service    *core.Service
	deployment *apps.Deployment
	policy     *networking.NetworkPolicy
}

// read decodes the file as the API server does, and refuses keys that no kind has, and a kind twice.
func read(t *testing.T) manifest {
	t.Helper()
	text, err := os.ReadFile(deploy + "/kubernetes/usher.yaml")
	if err != nil {
		t.Fatal(err)
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(core.AddToScheme(scheme), apps.AddToScheme(scheme),
		networking.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	strictly := json.SerializerOptions{Yaml: true, Strict: true}
	decoder := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, strictly)
	var m manifest
	documents := yaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(text)))
	for {
		document := make([]byte, len(text))
		n, err := documents.Read(document)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		object, kind, err := decoder.Decode(document[:n], nil, nil)
		if err != nil {
			t.Fatalf("%v: %v", kind, err)
		}
		m.put(t, object)
	}
	if m.config == nil || m.secret == nil || m.claim == nil || m.service == nil || m.deployment == nil ||
		m.policy == nil {
		t.Fatalf("something is missing: %+v", m)
	}
	return m
}

func (m *manifest) put(t *testing.T, object runtime.Object) {
	t.Helper()
	twice := false
	switch o := object.(type) {
	case *core.ConfigMap:
		twice, m.config = m.config != nil, o
	case *core.Secret:
		twice, m.secret = m.secret != nil, o
	case *core.PersistentVolumeClaim:
		twice, m.claim = m.claim != nil, o
	case *core.Service:
		twice, m.service = m.service != nil, o
	case *apps.Deployment:
		twice, m.deployment = m.deployment != nil, o
	case *networking.NetworkPolicy:
		twice, m.policy = m.policy != nil, o
	default:
		t.Fatalf("what is a %T here?", o)
	}
	if twice {
		t.Fatalf("%T is there twice", object)
	}
}

// TestKubernetes: the types of Kubernetes take the manifest, and what it names is there.
func TestKubernetes(t *testing.T) {
	m := read(t)
	pod := m.deployment.Spec.Template
	for key, value := range m.deployment.Spec.Selector.MatchLabels {
		if pod.Labels[key] != value {
			t.Errorf("the pod's labels are %v", pod.Labels)
		}
	}
	for key, value := range m.service.Spec.Selector {
		if pod.Labels[key] != value {
			t.Errorf("the service selects %s=%s", key, value)
		}
	}
	containers := slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers)
	ports := map[string]int32{}
	for _, c := range containers {
		for _, p := range c.Ports {
			ports[p.Name] = p.ContainerPort
		}
		strict(t, pod.Spec, c)
		mounted(t, m, c)
	}
	for _, p := range m.service.Spec.Ports {
		if ports[p.TargetPort.String()] != p.Port {
			t.Errorf("the service's port %+v is none of %v", p, ports)
		}
	}
	usher := pod.Spec.InitContainers[0]
	if usher.RestartPolicy == nil || *usher.RestartPolicy != core.ContainerRestartPolicyAlways {
		t.Errorf("usher is no sidecar: %v", usher.RestartPolicy)
	}
	for _, probe := range []*core.Probe{usher.StartupProbe, usher.ReadinessProbe, usher.LivenessProbe} {
		if probe == nil || ports[probe.HTTPGet.Port.String()] != 9280 ||
			!slices.Contains([]string{"/healthz", "/readyz"}, probe.HTTPGet.Path) {
			t.Errorf("usher is probed by %+v", probe)
		}
	}
	if pod.Annotations["prometheus.io/port"] != "9280" || pod.Annotations["prometheus.io/scrape"] != "true" {
		t.Errorf("Prometheus is told %v", pod.Annotations)
	}
}

// TestNetworkPolicy: nobody reaches a port of usher's but who is named: whoever comes to the gateway from a trusted
// network is believed what it says of its clients. Prosody's port is everybody's.
func TestNetworkPolicy(t *testing.T) {
	m := read(t)
	spec := m.policy.Spec
	for key, value := range spec.PodSelector.MatchLabels {
		if m.deployment.Spec.Template.Labels[key] != value {
			t.Errorf("it is about other pods: %s=%s", key, value)
		}
	}
	if !slices.Equal(spec.PolicyTypes, []networking.PolicyType{networking.PolicyTypeIngress}) {
		t.Errorf("it is about %v", spec.PolicyTypes)
	}
	named := map[int32]bool{}
	for _, rule := range spec.Ingress {
		for _, p := range rule.Ports {
			named[p.Port.IntVal] = len(rule.From) > 0 && rule.From[0].NamespaceSelector != nil
		}
	}
	if want := map[int32]bool{5222: false, 8281: true, 9280: true}; !maps.Equal(named, want) {
		t.Errorf("whose senders are named: %v", named)
	}
	if !strings.Contains(m.config.Data["usher.yaml"], "trusted_proxies: [10.244.0.0/16]") {
		t.Error("the network of pods is another")
	}
}

// strict wants a container to be allowed as little as the restricted standard of pods allows, and a root that is not
// written to.
func strict(t *testing.T, pod core.PodSpec, c core.Container) {
	t.Helper()
	s, all := c.SecurityContext, pod.SecurityContext
	if !*all.RunAsNonRoot || *s.RunAsUser == 0 || *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem ||
		!slices.Equal(s.Capabilities.Drop, []core.Capability{"ALL"}) || len(s.Capabilities.Add) > 0 ||
		all.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault || *pod.AutomountServiceAccountToken {
		t.Errorf("%s may more than it needs: %+v", c.Name, s)
	}
}

// mounted wants each folder of a container to be a volume, and each volume to be something that the manifest, or the
// operator, has.
func mounted(t *testing.T, m manifest, c core.Container) {
	t.Helper()
	volumes := m.deployment.Spec.Template.Spec.Volumes
	for _, mount := range c.VolumeMounts {
		i := slices.IndexFunc(volumes, func(v core.Volume) bool { return v.Name == mount.Name })
		if i < 0 {
			t.Errorf("%s mounts %s, which is no volume", c.Name, mount.Name)
			continue
		}
		v := volumes[i]
		switch {
		case v.Projected != nil:
			for _, source := range v.Projected.Sources {
				if source.ConfigMap != nil {
					configured(t, m, source.ConfigMap.Name, source.ConfigMap.Items)
				} else if source.Secret == nil || source.Secret.Name != m.secret.Name {
					t.Errorf("%s: there is no %+v", v.Name, source)
				}
			}
		case v.ConfigMap != nil:
			configured(t, m, v.ConfigMap.Name, v.ConfigMap.Items)
		case v.Secret != nil && v.Secret.SecretName == m.secret.Name:
			for _, item := range v.Secret.Items {
				if m.secret.StringData[item.Key] == "" {
					t.Errorf("%s: there is no %s", v.Name, item.Key)
				}
			}
		case v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName != m.claim.Name:
			t.Errorf("%s: there is no claim %s", v.Name, v.PersistentVolumeClaim.ClaimName)
		}
	}
}

// configured wants the ConfigMap to have some keys.
func configured(t *testing.T, m manifest, name string, items []core.KeyToPath) {
	t.Helper()
	for _, item := range items {
		if name != m.config.Name || m.config.Data[item.Key] == "" {
			t.Errorf("there is no %s of %s", item.Key, name)
		}
	}
}

// TestConfigMap: usher check refuses the configuration with the Secret as it stands in the manifest, and takes it with
// real ones; Prosody's configuration has the lines that usher prosody prints for it.
func TestConfigMap(t *testing.T) {
	m := read(t)
	dir := t.TempDir()
	usher := filepath.Join(dir, "usher")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", usher, "./cmd/usher")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	config := lay(t, dir, m, maps.Clone(m.secret.StringData))
	out, err := exec.CommandContext(t.Context(), usher, "check", "--files-only", "--config", config).CombinedOutput()
	if err == nil {
		t.Errorf("placeholders are taken for secrets:\n%s", out)
	}
	secrets := map[string]string{}
	for name := range m.secret.StringData {
		secrets[name] = strings.Repeat("0123456789abcdef", 4)[:40] + strings.ReplaceAll(name, ".", "")
	}
	config = lay(t, dir, m, secrets)
	out, err = exec.CommandContext(t.Context(), usher, "check", "--files-only", "--config", config).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "warning") && !strings.Contains(line, "is not loopback") { // a pod's network is its own
			t.Error(line)
		}
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	printed, err := exec.CommandContext(t.Context(), usher, "prosody", "--config", config).Output()
	if err != nil {
		t.Fatal(err)
	}
	sameLines(t, strings.ReplaceAll(string(printed), dir, ""), m.config.Data["prosody.cfg.lua"])
}

// lay puts the configuration and its secrets below a folder, with the paths changed to fit.
func lay(t *testing.T, dir string, m manifest, secrets map[string]string) (config string) {
	t.Helper()
	config = filepath.Join(dir, "etc/usher/usher.yaml")
	text := regexp.MustCompile(`/(etc|run|var)/`).ReplaceAllString(m.config.Data["usher.yaml"], dir+"/$1/")
	files := map[string]string{config: text}
	for name, secret := range secrets {
		files[filepath.Join(dir, "etc/usher", name)] = secret
	}
	for _, folder := range []string{"etc/usher", "run/usher", "var/lib/usher"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	return config
}

// sameLines wants each line that usher prosody prints, and that is no comment, to stand in a configuration.
func sameLines(t *testing.T, printed, configuration string) {
	t.Helper()
	has := map[string]bool{}
	for line := range strings.Lines(configuration) {
		has[plain(line)] = true
	}
	n := 0
	for line := range strings.Lines(printed) {
		line = plain(line)
		if line == "" || strings.HasPrefix(line, "muc_rate_joins") || strings.HasPrefix(line, "wait_for_host") {
			continue // Jitsi's
		}
		if n++; !has[line] {
			t.Errorf("Prosody's configuration has no line %s", line)
		}
	}
	if n < 15 {
		t.Errorf("only %d lines were compared", n)
	}
}

// plain is a line of Lua without its comment.
func plain(line string) string {
	line, _, _ = strings.Cut(line, "--")
	return strings.TrimSpace(line)
}
