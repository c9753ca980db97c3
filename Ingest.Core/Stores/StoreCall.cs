namespace Ingest.Core.Stores;

/// <summary>What is asked of a store.</summary>
/// <param name="Verb">As messages name it: "Cannot … part-1.parquet".</param>
/// <param name="Writes">It needs room and the right to write. A disk that is full, or became read-only, refuses these and answers all others, so that an answer to one of the others says nothing about them.</param>
internal sealed record StoreCall(string Verb, bool Writes)
{
    public static readonly StoreCall Create = new("create", Writes: true);

    public static readonly StoreCall Replace = new("replace", Writes: true);

    public static readonly StoreCall Read = new("read", Writes: false);

    public static readonly StoreCall LookAt = new("look at", Writes: false);

    public static readonly StoreCall List = new("list", Writes: false);

    /// <summary>Works on a disk that is full, so that it counts with those that read.</summary>
    public static readonly StoreCall Delete = new("delete", Writes: false);

    public override string ToString() => Verb;
}
