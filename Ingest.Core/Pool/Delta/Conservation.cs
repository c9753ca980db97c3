namespace Ingest.Core.Pool.Delta;

/// <summary>
/// What an entry that only rewrites files says of the rows it took and gave: their number and, modulo 2^128, the sums of their fingerprints (as in the index) and of
/// hashes over every stored column, both computed anew from the rows read and from the rows written.
/// </summary>
public sealed record Conservation(long Plan, long RowsIn, long RowsOut, UInt128 KeySumIn, UInt128 KeySumOut, UInt128 RowSumIn, UInt128 RowSumOut)
{
    /// <summary>Nothing was lost, doubled or changed.</summary>
    public bool Holds => RowsIn == RowsOut && KeySumIn == KeySumOut && RowSumIn == RowSumOut;
}
