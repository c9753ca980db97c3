using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Pool.Verify;
using Ingest.Core.Stores;

namespace Ingest.Core.Flow.Runtime;

/// <summary>The full proof that index and table agree: every fingerprint computed anew from the rows, every block of every run read.</summary>
public static class IndexCheck
{
    public static async ValueTask<IReadOnlyList<Finding>> RunAsync(DatasetPlan plan, IObjectStore table, Snapshot snapshot, string workFolder, CancellationToken cancellation, DataFileFormat? format = null)
    {
        var findings = new List<Finding>();
        var hasContents = plan.Dedup.Mode == DedupMode.Identity;
        var proof = (Keys: 0L, Sum: UInt128.Zero);
        var rows = new TableRows(plan, format);
        foreach (var file in (await LogReader.LiveFilesAsync(table, snapshot.Version, cancellation)).Values)
        {
            var ofFile = (Keys: 0L, Sum: UInt128.Zero);
            await foreach (var records in rows.ReadAsync(table, file, cancellation)) ofFile = IndexProof.Add(ofFile, records.Keys.AsSpan(0, records.Count));
            if (file.KeySum() is { } tagged && tagged != ofFile.Sum) findings.Add(new Finding(CheckList.Fingerprints, true, $"{file.Path}: the rows' fingerprints do not add up to the sum in the log."));
            proof = (proof.Keys + ofFile.Keys, proof.Sum + ofFile.Sum);
        }

        if (proof.Keys != snapshot.Index.TotalKeys || proof.Sum != snapshot.Index.TotalSum)
            findings.Add(new Finding(CheckList.Fingerprints, true, $"the rows give {proof.Keys} fingerprints, the index holds {snapshot.Index.TotalKeys}, or their sums differ."));
        foreach (var run in snapshot.Index.Runs)
        {
            try
            {
                await IndexProof.VerifyRunAsync(table, run, hasContents, workFolder, cancellation);
            }
            catch (IndexDamagedException damaged)
            {
                findings.Add(new Finding(CheckList.Fingerprints, true, damaged.Message));
            }
        }

        return findings;
    }
}
