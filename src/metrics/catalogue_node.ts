import type { MetricFamily, MetricPattern, Unit } from "./family.ts";

/** What the os exporter produces, under node_exporter's names. */
export const NODE_METRICS: readonly (readonly [string, MetricFamily])[] = [
  // CPU and kernel
  ["node_cpu_seconds_total", counter("seconds", "Time that a CPU spent in a mode.")],
  [
    "node_cpu_guest_seconds_total",
    counter("seconds", "Time that a CPU spent running virtual machines; also contained in user and nice."),
  ],
  ["node_cpu_core_throttles_total", counter("", "Times that a core slowed down because of heat.")],
  ["node_cpu_package_throttles_total", counter("", "Times that a package slowed down because of heat.")],
  ["node_cpu_isolated", gauge("", "1 for a CPU that the scheduler leaves alone (isolcpus).")],
  ["node_cpu_frequency_hertz", gauge("hertz", "Frequency of a CPU as the hardware reports it.")],
  ["node_cpu_frequency_min_hertz", gauge("hertz", "Lowest frequency that a CPU can run at.")],
  ["node_cpu_frequency_max_hertz", gauge("hertz", "Highest frequency that a CPU can run at.")],
  ["node_cpu_scaling_frequency_hertz", gauge("hertz", "Frequency of a CPU as the governor sees it.")],
  ["node_cpu_scaling_frequency_min_hertz", gauge("hertz", "Lowest frequency that the governor may choose.")],
  ["node_cpu_scaling_frequency_max_hertz", gauge("hertz", "Highest frequency that the governor may choose.")],
  ["node_intr_total", counter("", "Interrupts served.")],
  ["node_context_switches_total", counter("", "Context switches.")],
  ["node_forks_total", counter("", "Processes and threads started.")],
  ["node_boot_time_seconds", gauge("seconds", "When the machine was started, as Unix time.")],
  ["node_procs_running", gauge("", "Tasks that run or could run.")],
  ["node_procs_blocked", gauge("", "Tasks that wait for a disk or the network.")],
  ["node_load1", gauge("", "Load average over one minute.")],
  ["node_load5", gauge("", "Load average over five minutes.")],
  ["node_load15", gauge("", "Load average over fifteen minutes.")],
  [
    "node_pressure_cpu_waiting_seconds_total",
    counter("seconds", "Time in which at least one task waited for a CPU."),
  ],
  [
    "node_pressure_io_waiting_seconds_total",
    counter("seconds", "Time in which at least one task waited for input or output."),
  ],
  [
    "node_pressure_io_stalled_seconds_total",
    counter("seconds", "Time in which all tasks waited for input or output."),
  ],
  [
    "node_pressure_memory_waiting_seconds_total",
    counter("seconds", "Time in which at least one task waited for memory."),
  ],
  [
    "node_pressure_memory_stalled_seconds_total",
    counter("seconds", "Time in which all tasks waited for memory."),
  ],
  ["node_filefd_allocated", gauge("", "Open file handles of the whole machine.")],
  ["node_filefd_maximum", gauge("", "Most file handles that the machine allows.")],
  ["node_entropy_available_bits", gauge("bits", "Entropy in the kernel's pool.")],
  ["node_entropy_pool_size_bits", gauge("bits", "Size of the kernel's entropy pool.")],
  ["node_selinux_enabled", gauge("", "1 when SELinux is enabled.")],
  ["node_selinux_config_mode", gauge("", "Configured SELinux mode: 1 enforcing, 0 permissive, -1 disabled.")],
  ["node_selinux_current_mode", gauge("", "Current SELinux mode: 1 enforcing, 0 permissive.")],

  // Disks and file systems
  ["node_disk_reads_completed_total", counter("", "Reads completed.")],
  ["node_disk_reads_merged_total", counter("", "Reads merged with others before they were sent.")],
  ["node_disk_read_bytes_total", counter("bytes", "Bytes read.")],
  ["node_disk_read_time_seconds_total", counter("seconds", "Time that reads took, added up.")],
  ["node_disk_writes_completed_total", counter("", "Writes completed.")],
  ["node_disk_writes_merged_total", counter("", "Writes merged with others before they were sent.")],
  ["node_disk_written_bytes_total", counter("bytes", "Bytes written.")],
  ["node_disk_write_time_seconds_total", counter("seconds", "Time that writes took, added up.")],
  ["node_disk_io_now", gauge("", "Requests under way.")],
  ["node_disk_io_time_seconds_total", counter("seconds", "Time in which the disk was busy.")],
  [
    "node_disk_io_time_weighted_seconds_total",
    counter("seconds", "Time in which the disk was busy, times the requests under way."),
  ],
  ["node_disk_discards_completed_total", counter("", "Discards completed.")],
  ["node_disk_discards_merged_total", counter("", "Discards merged with others before they were sent.")],
  ["node_disk_discarded_sectors_total", counter("", "Sectors discarded.")],
  ["node_disk_discard_time_seconds_total", counter("seconds", "Time that discards took, added up.")],
  ["node_disk_flush_requests_total", counter("", "Flushes completed.")],
  ["node_disk_flush_requests_time_seconds_total", counter("seconds", "Time that flushes took, added up.")],
  ["node_disk_info", gauge("", "Model, serial number and place of a disk; always 1.")],
  ["node_disk_filesystem_info", gauge("", "File system on a disk without partitions; always 1.")],
  ["node_disk_device_mapper_info", gauge("", "Names of a device mapper volume; always 1.")],
  ["node_disk_ata_write_cache", gauge("", "1 when an ATA disk has a write cache.")],
  ["node_disk_ata_write_cache_enabled", gauge("", "1 when the write cache of an ATA disk is enabled.")],
  ["node_disk_ata_rotation_rate_rpm", gauge("rpm", "Rotation rate of an ATA disk, 0 for solid state.")],
  ["node_filesystem_size_bytes", gauge("bytes", "Size of the file system.")],
  ["node_filesystem_free_bytes", gauge("bytes", "Free space, including what is kept for root.")],
  ["node_filesystem_avail_bytes", gauge("bytes", "Free space for users other than root.")],
  ["node_filesystem_files", gauge("", "Inodes of the file system.")],
  ["node_filesystem_files_free", gauge("", "Free inodes of the file system.")],
  ["node_filesystem_readonly", gauge("", "1 when mounted read-only.")],
  ["node_filesystem_device_error", gauge("", "1 when the usage cannot be had: the mount hangs or refuses.")],
  ["node_md_state", gauge("", "1 for the state that a software RAID array is in.")],
  ["node_md_disks", gauge("", "Disks of a software RAID array by state.")],
  ["node_md_disks_required", gauge("", "Disks that a software RAID array wants.")],
  ["node_md_blocks", gauge("", "Size of a software RAID array in KiB.")],
  ["node_md_blocks_synced", gauge("", "Synchronised part of a software RAID array in KiB.")],
  ["node_nvme_info", gauge("", "Model, firmware and state of an NVMe controller; always 1.")],

  // Network
  ["node_network_receive_bytes_total", counter("bytes", "Bytes received.")],
  ["node_network_receive_packets_total", counter("", "Packets received.")],
  ["node_network_receive_errs_total", counter("", "Packets received with errors.")],
  ["node_network_receive_drop_total", counter("", "Packets received and dropped.")],
  ["node_network_receive_fifo_total", counter("", "Packets lost because a receive buffer was full.")],
  ["node_network_receive_frame_total", counter("", "Packets received with framing errors.")],
  ["node_network_receive_compressed_total", counter("", "Compressed packets received.")],
  ["node_network_receive_multicast_total", counter("", "Multicast packets received.")],
  ["node_network_receive_nohandler_total", counter("", "Packets dropped because nothing wanted them.")],
  ["node_network_transmit_bytes_total", counter("bytes", "Bytes sent.")],
  ["node_network_transmit_packets_total", counter("", "Packets sent.")],
  ["node_network_transmit_errs_total", counter("", "Packets that could not be sent.")],
  ["node_network_transmit_drop_total", counter("", "Packets dropped instead of being sent.")],
  ["node_network_transmit_fifo_total", counter("", "Packets lost because a transmit buffer ran empty.")],
  ["node_network_transmit_colls_total", counter("", "Collisions.")],
  ["node_network_transmit_carrier_total", counter("", "Packets lost because the carrier was.")],
  ["node_network_transmit_compressed_total", counter("", "Compressed packets sent.")],
  ["node_network_up", gauge("", "1 when the operational state of the link is up.")],
  ["node_network_info", gauge("", "Addresses, duplex and state of a link; always 1.")],
  ["node_network_speed_bytes", gauge("bytes", "Speed of the link in bytes a second; negative when unknown.")],
  ["node_network_mtu_bytes", gauge("bytes", "Largest packet that the link takes.")],
  ["node_network_carrier", gauge("", "1 when the link has a carrier.")],
  ["node_network_carrier_changes_total", counter("", "Times that the carrier came or went.")],
  ["node_network_carrier_up_changes_total", counter("", "Times that the carrier came.")],
  ["node_network_carrier_down_changes_total", counter("", "Times that the carrier went.")],
  [
    "node_network_address_assign_type",
    gauge("", "How the address came about: 0 permanent, 1 random, 2 stolen, 3 set."),
  ],
  ["node_network_device_id", gauge("", "Number of the device among those that share an address.")],
  ["node_network_dormant", gauge("", "1 when the link waits for an event, such as 802.1X.")],
  ["node_network_flags", gauge("", "Interface flags (IFF_*) as one number.")],
  ["node_network_iface_id", gauge("", "Index of the interface.")],
  ["node_network_iface_link", gauge("", "Index of the interface below, its own for a physical one.")],
  ["node_network_iface_link_mode", gauge("", "0 default, 1 dormant.")],
  [
    "node_network_name_assign_type",
    gauge("", "How the name came about: 1 enumerated, 2 predictable, 3 by user, 4 renamed."),
  ],
  ["node_network_net_dev_group", gauge("", "Group of the interface.")],
  ["node_network_transmit_queue_length", gauge("", "Packets that the transmit queue holds.")],
  ["node_network_protocol_type", gauge("", "Type of the link (ARPHRD_*) as a number.")],
  ["node_bonding_slaves", gauge("", "Links that a bond consists of.")],
  ["node_bonding_active", gauge("", "Links of a bond that are up.")],
  ["node_arp_entries", gauge("", "Neighbours in the ARP table.")],
  ["node_udp_queues", gauge("bytes", "Bytes that wait in UDP sockets.")],
  ["node_softnet_processed_total", counter("", "Packets that a CPU has taken from network devices.")],
  ["node_softnet_dropped_total", counter("", "Packets that a CPU has dropped because its backlog was full.")],
  [
    "node_softnet_times_squeezed_total",
    counter("", "Times that a CPU ran out of budget while packets waited."),
  ],
  ["node_nf_conntrack_entries", gauge("", "Connections that are tracked.")],
  ["node_nf_conntrack_entries_limit", gauge("", "Most connections that can be tracked.")],
  ["node_nf_conntrack_stat_found", counter("", "Lookups that found a connection.")],
  ["node_nf_conntrack_stat_invalid", counter("", "Packets that belong to no connection.")],
  ["node_nf_conntrack_stat_ignore", counter("", "Packets that needed no tracking.")],
  ["node_nf_conntrack_stat_insert", counter("", "Connections added.")],
  ["node_nf_conntrack_stat_insert_failed", counter("", "Connections that could not be added.")],
  ["node_nf_conntrack_stat_drop", counter("", "Packets dropped for lack of memory or by a helper.")],
  ["node_nf_conntrack_stat_early_drop", counter("", "Connections dropped to make room.")],
  ["node_nf_conntrack_stat_search_restart", counter("", "Lookups that were begun again.")],

  // Sensors and power
  ["node_hwmon_chip_names", gauge("", "Driver of a sensor chip; always 1.")],
  ["node_hwmon_sensor_label", gauge("", "Label of a sensor; always 1.")],
  ["node_hwmon_update_interval_seconds", gauge("seconds", "Time between two readings of a sensor chip.")],
  ["node_hwmon_beep_enabled", gauge("", "1 when a sensor chip may beep.")],
  ["node_hwmon_voltage_regulator_version", gauge("", "Version of the voltage regulator module.")],
  ["node_thermal_zone_temp", gauge("celsius", "Temperature of a thermal zone.")],
  ["node_cooling_device_cur_state", gauge("", "Current state of a cooling device.")],
  ["node_cooling_device_max_state", gauge("", "Highest state of a cooling device.")],
  ["node_edac_correctable_errors_total", counter("", "Memory errors that were corrected, per controller.")],
  [
    "node_edac_uncorrectable_errors_total",
    counter("", "Memory errors that could not be corrected, per controller."),
  ],
  [
    "node_edac_csrow_correctable_errors_total",
    counter("", "Memory errors that were corrected, per row of chips."),
  ],
  [
    "node_edac_csrow_uncorrectable_errors_total",
    counter("", "Memory errors that could not be corrected, per row of chips."),
  ],

  // The machine, its clock and its software
  ["node_uname_info", gauge("", "Kernel, architecture and names of the machine; always 1.")],
  ["node_os_info", gauge("", "Operating system; always 1.")],
  ["node_os_version", gauge("", "Version of the operating system as major.minor.")],
  ["node_dmi_info", gauge("", "Board, chassis and firmware; always 1.")],
  ["node_time_seconds", gauge("seconds", "The machine's clock, as Unix time.")],
  ["node_time_zone_offset_seconds", gauge("seconds", "Seconds that local time is ahead of UTC.")],
  ["node_time_clocksource_available_info", gauge("", "Clock source that could be used; always 1.")],
  ["node_time_clocksource_current_info", gauge("", "Clock source in use; always 1.")],
  ["node_timex_sync_status", gauge("", "1 when the clock is synchronised.")],
  ["node_timex_offset_seconds", gauge("seconds", "Offset from the reference clock.")],
  [
    "node_timex_frequency_adjustment_ratio",
    gauge("ratio", "How much faster than by itself the clock is made to run."),
  ],
  ["node_timex_maxerror_seconds", gauge("seconds", "Largest possible error of the clock.")],
  ["node_timex_estimated_error_seconds", gauge("seconds", "Estimated error of the clock.")],
  ["node_timex_status", gauge("", "Status bits of the clock discipline (STA_*).")],
  ["node_timex_loop_time_constant", gauge("", "Time constant of the phase-locked loop.")],
  ["node_timex_tick_seconds", gauge("seconds", "Time between two ticks of the clock.")],
  ["node_timex_pps_frequency_hertz", gauge("hertz", "Frequency that the pulse-per-second source suggests.")],
  ["node_timex_pps_jitter_seconds", gauge("seconds", "Jitter of the pulse-per-second source.")],
  ["node_timex_pps_shift_seconds", gauge("seconds", "Calibration interval of the pulse-per-second source.")],
  ["node_timex_pps_stability_hertz", gauge("hertz", "Stability of the pulse-per-second source.")],
  ["node_timex_pps_jitter_total", counter("", "Pulses whose jitter was too large.")],
  ["node_timex_pps_calibration_total", counter("", "Calibration intervals of the pulse-per-second source.")],
  ["node_timex_pps_error_total", counter("", "Calibrations that failed.")],
  ["node_timex_pps_stability_exceeded_total", counter("", "Calibrations whose stability was too low.")],
  ["node_timex_tai_offset_seconds", gauge("seconds", "Offset of International Atomic Time from UTC.")],
  ["apt_upgrades_pending", gauge("", "Installed packages with a newer version, held ones included.")],
  ["apt_upgrades_held", gauge("", "Installed packages with a newer version that are held back.")],
  ["node_reboot_required", gauge("", "1 when an update asks for a reboot.")],
  [
    "node_scrape_collector_duration_seconds",
    gauge("seconds", "How long a collector of the os exporter took."),
  ],
  [
    "node_scrape_collector_success",
    gauge("", "1 when a collector of the os exporter succeeded, 0 also when there is nothing to collect."),
  ],
];

/** Families that the kernel names: their members differ between kernels, drivers and machines. */
export const NODE_PATTERNS: readonly MetricPattern[] = [
  {
    pattern: /^node_memory_(\w+)_bytes$/,
    describe: (field) => gauge("bytes", `Memory, as ${field} in /proc/meminfo.`),
  },
  { pattern: /^node_memory_(\w+)$/, describe: (field) => gauge("", `Pages, as ${field} in /proc/meminfo.`) },
  {
    pattern: /^node_vmstat_(\w+)$/,
    describe: (field) => counter("", `Events, as ${field} in /proc/vmstat.`),
  },
  {
    pattern: /^node_netstat_(Ip_Forwarding|Tcp_CurrEstab)$/,
    describe: (field) => gauge("", `${field} in /proc/net/snmp.`),
  },
  { pattern: /^node_netstat_(\w+)$/, describe: (field) => counter("", `Events, as ${field} in /proc/net.`) },
  {
    pattern: /^node_sockstat_(\w+)_(?:mem_bytes|memory)$/,
    describe: (protocol) => gauge("bytes", `Memory of ${protocol} sockets or fragments.`),
  },
  {
    pattern: /^node_sockstat_(\w+)_mem$/,
    describe: (protocol) => gauge("pages", `Memory of ${protocol} sockets, in pages.`),
  },
  {
    pattern: /^node_sockstat_(\w+)$/,
    describe: (field) => gauge("", `Sockets, as ${field} in /proc/net/sockstat.`),
  },
  {
    pattern: /^node_rapl_(\w+)_joules_total$/,
    describe: (zone) => counter("joules", `Energy used by the zone ${zone}, as the CPU estimates it.`),
  },
  {
    pattern: /^node_power_supply_info$/,
    describe: () => gauge("", "Make and state of a power supply; always 1."),
  },
  {
    pattern: /^node_power_supply_(\w+)$/,
    describe: (field) => gauge(unitAtEnd(field), `Power supply or battery: ${field}.`),
  },
  {
    pattern: /^node_hwmon_(\w+)_joule_total$/,
    describe: (field) => counter("joules", `Energy used since the sensor was started: ${field}.`),
  },
  {
    pattern: /^node_hwmon_(\w+)$/,
    describe: (field) => gauge(unitAtEnd(field), `Sensor reading, limit or alarm: ${field}.`),
  },
];

/** Units as node_exporter spells them at the end of a name. */
const SPELLED_UNITS: readonly (readonly [ending: string, unit: Unit])[] = [
  ["celsius", "celsius"],
  ["volts", "volts"],
  ["volt", "volts"],
  ["amps", "amperes"],
  ["current_ampere", "amperes"],
  ["charge_ampere", "amperehours"],
  ["watthour", "watthours"],
  ["watt", "watts"],
  ["rpm", "rpm"],
  ["seconds", "seconds"],
  ["capacity", "percent"],
  ["humidity", "ratio"],
];

function unitAtEnd(field: string): Unit {
  return SPELLED_UNITS.find(([ending]) => field.endsWith(ending))?.[1] ?? "";
}

function counter(unit: Unit, help: string): MetricFamily {
  return { type: "counter", unit, help };
}

function gauge(unit: Unit, help: string): MetricFamily {
  return { type: "gauge", unit, help };
}
