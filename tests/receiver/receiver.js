// Starts an OTLP receiver on free loopback ports and prints what it gets: first the ports, then a line
// of JSON for each request. Ends when its standard input does, so that it never outlives its test.
const { MockOtlpServer, normalizeTrace, normalizeMetrics } = require('@elastic/mockotlpserver');

// Over gRPC a 64-bit integer comes as its two halves; as text it is the same as over HTTP.
const whole = (key, value) => {
    if (value === null || typeof value !== 'object' || !('low' in value && 'high' in value)) return value;
    const bits = (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0);
    return (value.unsigned ? bits : BigInt.asIntN(64, bits)).toString();
};

const print = (line) => process.stdout.write(JSON.stringify(line, whole) + '\n');

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
