namespace Ingest.Tests.Stores;

/// <summary>Which calls a planned fault strikes.</summary>
[Flags]
public enum StoreOperations
{
    Create = 1,
    Replace = 2,
    Read = 4,
    Size = 8,
    List = 16,
    Delete = 32,
    All = 63,
}
