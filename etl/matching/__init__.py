"""Records of one enterprise in the lists of several offices: found, judged by people, linked and never merged."""
