import { expect } from 'chai';
import { CommandStatistics } from '../../../src/resp/command-statistics.js';
import * as info from '../../../src/resp/info.js';

function snapshot(): info.InfoSnapshot {
  const statistics = new CommandStatistics();
  statistics.count('get', 'called');
  statistics.count('get', 'failed');
  statistics.count('get', 'rejected');
  return [
    info.serverSection({
      version: '0.1.0',
      role: 'coordinator',
      os: 'Linux',
      archBits: 64,
      processId: 12,
      tcpPort: 8001,
      uptimeSeconds: 3,
      configFile: '/a\r\nb',
    }),
    info.clientsSection({ connected: 2, maximum: 10, waiting: 1 }),
    info.memorySection({ residentBytes: 2000, usedBytes: 1000, maximumBytes: 0 }),
    info.persistenceSection(true, [['sync_p99_us', 900]]),
    info.statsSection({ connectionsReceived: 5, connectionsRejected: 1, commandsProcessed: 9 }, []),
    info.replicationSection('coordinator', [['view', 3]]),
    info.cpuSection(1.5, 0.25),
    info.clusterSection(),
    info.keyspaceSection(4),
    info.commandStatsSection(statistics),
  ];
}

describe('INFO', () => {
  it('has the fields that clients and monitors read', () => {
    const text = info.formatInfo(snapshot(), []);
    for (const line of [
      '# Server',
      'redis_version:7.0.15',
      'redis_mode:standalone',
      'arch_bits:64',
      'config_file:/a b',
      'connected_clients:2',
      'blocked_clients:1',
      'used_memory:1000',
      'mem_allocator:libc',
      'loading:1',
      'sync_p99_us:900',
      'total_commands_processed:9',
      'total_connections_received:5',
      'role:master',
      'view:3',
      'used_cpu_user:1.500000',
      'cluster_enabled:0',
      'db0:keys=4,expires=0,avg_ttl=0',
    ]) {
      expect(text.split('\r\n')).to.include(line);
    }
    expect(text).not.to.contain('rejected_calls');
    expect(text).to.match(/\r\n\r\n# Clients\r\n/);
  });

  it('shows what is asked for, by name in any case', () => {
    const heads = (...names: string[]): string[] =>
      info
        .formatInfo(snapshot(), names)
        .split('\r\n')
        .filter((line) => line.startsWith('# '));
    expect(heads('cpu', 'KEYSPACE')).to.deep.equal(['# CPU', '# Keyspace']);
    expect(heads('nosuch')).to.deep.equal([]);
    expect(heads('default')).to.deep.equal(heads());
    for (const name of ['commandstats', 'all', 'everything']) {
      expect(info.formatInfo(snapshot(), [name])).to.contain(
        'cmdstat_get:calls=2,rejected_calls=1,failed_calls=1',
      );
    }
  });

  it('says nothing of a keyspace without keys', () => {
    expect(info.formatInfo([info.keyspaceSection(0)], [])).to.equal('# Keyspace\r\n');
  });
});
