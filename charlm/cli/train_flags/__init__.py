"""The flags of ``charlm train``, in a file for each panel of its help."""
