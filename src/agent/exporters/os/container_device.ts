/** Made for one run of a container: veth (Docker, LXC, flannel, …), Calico, Cilium, OVN-Kubernetes. */
const NAME = /^(?:veth|cali|lxc(?:[0-9a-f]{12}$|_health$)|[0-9a-f]{15}$)/;

/**
 * Whether a network device is the host's end of a container's link. Such names are never used again: with their series,
 * a host on which containers come and go would fill any index (docs/decisions/024-devices-of-containers.md).
 */
export function isContainerDevice(device: string): boolean {
  return NAME.test(device);
}
