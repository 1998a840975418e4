// Starts an OTLP receiver on free loopback ports and prints what it gets: first the ports, then a line
// of JSON for each request. Ends when its standard input does, so that it never outlives its test.
const { MockOtlpServer, normalizeTrace, normalizeMetrics } = require('@elastic/mockotlpserver');

const print = (line) => process.stdout.write(JSON.stringify(line) + '\n');

const server = new MockOtlpServer({
    logLevel: 'fatal',
    services: ['http', 'grpc'],
    httpHostname: '127.0.0.1',
    httpPort: 0,
    grpcHostname: '127.0.0.1',
    grpcPort: 0,
    onTrace: (request) => print({ trace: normalizeTrace(request) }),
    onMetrics: (request) => print({ metrics: normalizeMetrics(request) }),
});

process.stdin.resume();
process.stdin.on('end', () => process.exit(0));

server.start().then(() => print({ http: server.httpUrl, grpc: server.grpcUrl }));
