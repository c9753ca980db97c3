using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Deduplicating;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;

namespace Ingest.Perf.Fuzz;

/// <summary>What one poison record in a thousand costs: the CPU of decoding, normalizing, fingerprinting and quarantining, with and without.</summary>
internal static class PoisonCost
{
    private const int Transfers = 250, RecordsPerTransfer = 20, Rounds = 21, ChunksPerRound = 20;

    private const string Contract =
        """
        dataset: poison
        topics: [{ topic: poison, department: d }]
        format: json
        time_zone: Asia/Shanghai
        event_date: at
        columns:
          - { name: id, type: string, required: true }
          - { name: amount, type: "decimal(12,2)" }
          - { name: owner, type: string, normalize: [trim, nfkc] }
          - { name: points, type: int }
          - { name: at, type: timestamp, required: true, formats: ["yyyy-MM-dd HH:mm:ss"] }
        """;

    /// <summary>Prints the ratios; false when one is over a fifth.</summary>
    public static bool Print()
    {
        var topic = CatalogLoader.Load([new ContractSource("poison.yaml", Contract)]).Catalog!.Topics["poison"];
        (string Name, byte[][] Transfers)[] kinds =
        [
            ("none", Make(_ => null)),
            ("a value of the wrong type", Make(n => n % 1000 == 500 ? """{"id":"x","amount":"viel","at":"2026-03-02 10:00:00"}""" : null)),
            ("a record that breaks its transfer", Make(n => n % 1000 == 500 ? """{"id":"x","amount":}""" : null)),
        ];
        var times = kinds.Select(_ => new List<double>()).ToArray();
        var stage = new Stage(topic);
        for (var round = 0; round < Rounds; round++)
        {
            for (var k = 0; k < kinds.Length; k++) times[k].Add(stage.Run(kinds[(k + round) % kinds.Length].Transfers));
        }

        // Rounds rotate, so that every kind has run at every place.
        var sorted = kinds.Select((_, k) => Enumerable.Range(0, Rounds).Select(round => times[(k - round % kinds.Length + kinds.Length) % kinds.Length][round]).Order().ElementAt(Rounds / 2)).ToArray();
        var passed = true;
        for (var k = 1; k < kinds.Length; k++)
        {
            var cost = (sorted[k] / sorted[0]) - 1;
            passed &= cost < 0.2;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"one in a thousand is {kinds[k].Name}: {cost * 100:+0.0;-0.0} % of the time of clean records ({(cost < 0.2 ? "PASS" : "MISS")}, under 20 %)"));
        }

        return passed;
    }

    private static byte[][] Make(Func<int, string?> poison)
    {
        var number = 0;
        return [.. Enumerable.Range(0, Transfers).Select(_ => Encoding.UTF8.GetBytes("[" + string.Join(',', Enumerable.Range(0, RecordsPerTransfer).Select(_ =>
        {
            var n = number++;
            return poison(n) ?? string.Create(CultureInfo.InvariantCulture, $"{{\"id\":\"{n:D10}\",\"amount\":{n % 1000}.25,\"owner\":\"王芳 {n % 97}\",\"points\":{n % 13},\"at\":\"2026-03-02 10:{n % 60:D2}:00\",\"note\":\"x{n}\"}}");
        })) + "]"))];
    }

    private sealed class Stage(TopicPlan topic)
    {
        private readonly ChunkDecoder _decoder = new(topic, new DecodeLimits());
        private readonly ChunkNormalizer _normalizer = new(topic);
        private readonly Fingerprinter _fingerprinter = new(topic.Datasets[0].Plan);
        private readonly DecodedChunk _decoded = new(topic);
        private readonly NormalizedChunk _normalized = new(topic);
        private readonly QuarantineRows _quarantine = new("perf");

        /// <summary>Milliseconds of a round.</summary>
        public double Run(byte[][] transfers)
        {
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < ChunksPerRound; i++)
            {
                using var chunk = Chunk(transfers);
                _decoder.Decode(chunk, _decoded);
                _normalizer.Normalize(_decoded, _normalized);
                _fingerprinter.Fingerprint(_normalized.Datasets[0], topic.Department);
                _quarantine.Reset(topic, chunk);
                foreach (var rejection in _normalized.Rejections) _quarantine.Add(rejection);
                _quarantine.Fingerprint();
            }

            return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }

        private static TransferChunk Chunk(byte[][] transfers)
        {
            var buffer = ArrayPool<byte>.Shared.Rent(transfers.Sum(t => t.Length));
            var located = ArrayPool<Transfer>.Shared.Rent(transfers.Length);
            var at = 0;
            for (var i = 0; i < transfers.Length; i++)
            {
                transfers[i].CopyTo(buffer, at);
                located[i] = new Transfer(i, 1_767_268_800_000, at, transfers[i].Length);
                at += transfers[i].Length;
            }

            new ByteBudget(long.MaxValue).TryLease(at, out var lease);
            return new TransferChunk(new CommitRight(new TopicPartition("poison", 0), 0), new OffsetRange(0, transfers.Length), buffer, located, transfers.Length, lease);
        }
    }
}
